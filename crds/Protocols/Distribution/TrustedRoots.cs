using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Protocols.Distribution;

/// <summary>
/// The CA bundle of a file, read again when the file changes: certificates are rotated under a running program.
/// </summary>
public sealed class TrustedRoots : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string? _file;
    private X509Certificate2Collection _roots = [];
    private DateTime _readAt;

    /// <param name="file">PEM file.</param>
    public TrustedRoots(string file) => _file = file;

    private TrustedRoots(X509Certificate2Collection roots) => _roots = roots;

    /// <summary>Those of a text, which stay as they are.</summary>
    /// <exception cref="CryptographicException">There is no certificate in it, or one that cannot be read.</exception>
    public static TrustedRoots FromPem(string pem)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(pem);
        return roots.Count > 0 ? new TrustedRoots(roots)
            : throw new CryptographicException("there is no certificate in it");
    }

    public bool Trusts(X509Certificate2? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(Current());
        if (presented is not null) chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(certificate);
    }

    public void Dispose()
    {
        foreach (var root in _roots) root.Dispose();
    }

    private X509Certificate2Collection Current()
    {
        lock (_lock)
        {
            if (_file is null) return _roots;
            try
            {
                var written = File.GetLastWriteTimeUtc(Path.GetFullPath(_file));
                if (written == _readAt && _roots.Count > 0) return _roots;
                var roots = new X509Certificate2Collection();
                roots.ImportFromPemFile(_file);
                (_roots, _readAt) = (roots, written);
            }
            catch (Exception failure) when (failure is IOException or CryptographicException)
            {
                // Half-written or gone for a moment: what was read before still holds.
            }

            return _roots;
        }
    }
}
