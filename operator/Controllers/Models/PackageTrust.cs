using System.Collections.Frozen;
using System.Security.Cryptography;
using WafOperator.Protocols.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Whose packages this installation takes: those that one of its administrator's keys signed, and those of the
/// operator's own image by their digest. What a namespace says of itself counts only where unsigned packages are allowed
/// anyway.
/// Thread-safe.
/// </summary>
/// <param name="keysPem">Trusted public keys, one after the other; empty: none.</param>
/// <param name="allowUnsigned">Packages without a signature may be used.</param>
/// <param name="builtinFolder">Folder of packages of the image, or null.</param>
public sealed class PackageTrust(string keysPem, bool allowUnsigned, string? builtinFolder)
{
    private readonly Lazy<FrozenSet<string>> _builtin = new(() => DigestsOf(builtinFolder));

    /// <summary>Trusted public keys in PEM; empty: none.</summary>
    public string KeysPem => keysPem;

    /// <summary>True where an unsigned package, or one with a key of its own namespace, may be used.</summary>
    public bool AllowsUnsigned => allowUnsigned;

    /// <summary>Reads the trusted keys: every <c>*.pem</c> file of a folder.</summary>
    /// <exception cref="FormatException">A file holds no usable public key.</exception>
    public static PackageTrust Read(string? keysFolder, bool allowUnsigned, string? builtinFolder)
    {
        var keys = new List<string>();
        foreach (var file in FilesOf(keysFolder, "*.pem"))
        {
            foreach (var key in PackageSignature.KeysOf(File.ReadAllText(file)))
            {
                if (!IsPublicKey(key)) throw new FormatException($"{file} does not hold public keys in PEM");
                keys.Add(key.Trim());
            }
        }

        return new PackageTrust(string.Join('\n', keys), allowUnsigned, builtinFolder);
    }

    /// <summary>Why a package may not be used, or null.</summary>
    /// <param name="package">What it is.</param>
    /// <param name="signature">Its signature, or null.</param>
    /// <param name="keysPem">Keys that may check it: <see cref="KeysFor"/>.</param>
    public string? Refusal(PackageIdentity package, string? signature, string? keysPem)
    {
        if (signature is null) return allowUnsigned || _builtin.Value.Contains(package.Digest) ? null
            : "unsigned packages are not allowed by this installation (chart: models.allowUnsigned): sign it with a "
                + "key of trust.keys and set spec.artifact.signature";
        return keysPem is null
            ? "the signature cannot be checked: this installation trusts no key (chart: trust.keys)"
            : PackageSignature.Check(package, signature, keysPem);
    }

    /// <summary>Keys for a signature whose ModelVersion names a key of its namespace, or null: none.</summary>
    public string? KeysFor(string? namespaceKeyPem)
    {
        var own = allowUnsigned ? namespaceKeyPem : null;
        var all = string.Join('\n', new[] { KeysPem, own }.Where(k => !string.IsNullOrEmpty(k)));
        return all.Length == 0 ? null : all;
    }

    private static FrozenSet<string> DigestsOf(string? folder) =>
        FilesOf(folder, "*.tar").Select(file =>
        {
            using var stream = File.OpenRead(file);
            return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(stream));
        }).ToFrozenSet(StringComparer.Ordinal);

    private static IEnumerable<string> FilesOf(string? folder, string pattern) =>
        folder is not null && Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal) : Enumerable.Empty<string>();

    private static bool IsPublicKey(string pem)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(pem);
            return true;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return IsRsa(pem);
        }
    }

    private static bool IsRsa(string pem)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem);
            return true;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return false;
        }
    }
}
