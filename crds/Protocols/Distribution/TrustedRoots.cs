using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Protocols.Distribution;

/// <summary>
/// The CA bundle of a file, read again when the file changes: certificates are rotated under a running program.
/// </summary>
public sealed class TrustedRoots(string file) : IDisposable
{
    private readonly Lock _lock = new();
    private X509Certificate2Collection _roots = [];
    private DateTime _readAt;

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
            try
            {
                var written = File.GetLastWriteTimeUtc(Path.GetFullPath(file));
                if (written == _readAt && _roots.Count > 0) return _roots;
                var roots = new X509Certificate2Collection();
                roots.ImportFromPemFile(file);
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
