using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Protocols.Models;

/// <summary>What a signature says of a package: which model and version its bytes are.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Version">Version.</param>
/// <param name="Digest">Digest of the archive, <c>sha256:…</c>.</param>
public sealed record PackageIdentity(string Model, string Version, string Digest)
{
    /// <summary>The bytes that are signed: an old package cannot be passed off under another name or version.</summary>
    public byte[] Text => Encoding.UTF8.GetBytes($"waf-model-package/v1\n{Model}\n{Version}\n{Digest}\n");
}

/// <summary>
/// Signatures over packages: ECDSA P-256 with SHA-256 (DER), or RSA-PSS with SHA-256 and at least 2048 bits, by one of
/// several keys.
/// </summary>
public static class PackageSignature
{
    private const int RsaBitsMin = 2048;
    private const int KeysMax = 16;
    private const string KeyEnd = "-----END PUBLIC KEY-----";

    /// <summary>Null when the signature is right; else the reason.</summary>
    /// <param name="package">What is signed.</param>
    /// <param name="signatureBase64">Signature.</param>
    /// <param name="publicKeysPem">Public keys in PEM (SubjectPublicKeyInfo), one after the other; one must fit.</param>
    public static string? Check(PackageIdentity package, string signatureBase64, string publicKeysPem)
    {
        var signature = new byte[signatureBase64.Length];
        if (!Convert.TryFromBase64String(signatureBase64.Trim(), signature, out var length)) return "the signature is not base64";
        string? problem = null;
        foreach (var key in KeysOf(publicKeysPem).Take(KeysMax))
        {
            try
            {
                if (Verify(package.Text, signature.AsSpan(0, length), key)) return null;
            }
            catch (Exception failure) when (failure is CryptographicException or ArgumentException)
            {
                problem = $"the public key or signature cannot be used: {failure.Message}";
            }
        }

        return problem
            ?? $"the signature does not fit {package.Model} {package.Version}, {package.Digest} and the given public key";
    }

    /// <summary>Signs a package with an ECDSA private key, base64.</summary>
    public static string Sign(PackageIdentity package, ECDsa privateKey) => Convert.ToBase64String(
        privateKey.SignData(package.Text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    /// <summary>Single keys of a text that holds several.</summary>
    public static IEnumerable<string> KeysOf(string pem)
    {
        var start = 0;
        while (pem.IndexOf(KeyEnd, start, StringComparison.Ordinal) is >= 0 and var end)
        {
            yield return pem[start..(end + KeyEnd.Length)];
            start = end + KeyEnd.Length;
        }

        if (start == 0) yield return pem;
    }

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
