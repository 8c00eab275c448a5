using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Protocols.Models;

/// <summary>Signatures over package digests: ECDSA P-256 with SHA-256 (DER), or RSA-PSS with SHA-256 and at least 2048 bits.</summary>
public static class PackageSignature
{
    private const int RsaBitsMin = 2048;

    /// <summary>Null when the signature is right; else the reason.</summary>
    /// <param name="digest">Digest as text, <c>sha256:…</c>.</param>
    /// <param name="signatureBase64">Signature.</param>
    /// <param name="publicKeyPem">Public key in PEM (SubjectPublicKeyInfo).</param>
    public static string? Check(string digest, string signatureBase64, string publicKeyPem)
    {
        var signature = new byte[signatureBase64.Length];
        if (!Convert.TryFromBase64String(signatureBase64.Trim(), signature, out var length)) return "the signature is not base64";
        var text = Encoding.ASCII.GetBytes(digest);
        try
        {
            return Verify(text, signature.AsSpan(0, length), publicKeyPem)
                ? null
                : $"the signature does not fit {digest} and the given public key";
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return $"the public key or signature cannot be used: {failure.Message}";
        }
    }

    /// <summary>Signs a digest with an ECDSA private key, base64.</summary>
    public static string Sign(string digest, ECDsa privateKey) => Convert.ToBase64String(
        privateKey.SignData(Encoding.ASCII.GetBytes(digest), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    private static bool Verify(byte[] text, ReadOnlySpan<byte> signature, string publicKeyPem)
    {
        if (IsRsa(publicKeyPem, out var rsa))
        {
            using (rsa)
            {
                if (rsa.KeySize < RsaBitsMin) throw new CryptographicException($"RSA keys need at least {RsaBitsMin} bits");
                return rsa.VerifyData(text, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
            }
        }

        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(publicKeyPem);
        return ecdsa.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool IsRsa(string pem, out RSA rsa)
    {
        rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return true;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            return false;
        }
    }
}
