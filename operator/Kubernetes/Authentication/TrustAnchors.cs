using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// The authorities a server's certificate must come from. A file is read again when it changes, because an in-cluster
/// authority is rotated under a running program. Safe for concurrent use.
/// </summary>
internal sealed class TrustAnchors
{
    private readonly string? _path;
    private readonly Lock _lock = new();
    private X509Certificate2Collection _authorities;
    private DateTime _fileTime;

    public TrustAnchors(X509Certificate2Collection authorities) => _authorities = authorities;

    public TrustAnchors(string path, string where)
    {
        _path = path;
        _authorities = Authorities(ReadFile(path, where), where);
        _fileTime = File.GetLastWriteTimeUtc(path);
    }

    /// <summary>
    /// Whether a chain ends in one of the authorities. The name was already compared by the TLS layer and its verdict
    /// is in <paramref name="errors"/>.
    /// </summary>
    public bool Accept(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is null) return false;
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(Current());
        if (presented is not null)
        {
            foreach (var element in presented.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
    }

    private X509Certificate2Collection Current()
    {
        if (_path is null) return _authorities;
        lock (_lock)
        {
            try
            {
                var changed = File.GetLastWriteTimeUtc(_path);
                if (changed != _fileTime)
                {
                    _authorities = Authorities(ReadFile(_path, _path), _path);
                    _fileTime = changed;
                }
            }
            catch (KubeconfigException)
            {
                // A file in the middle of its replacement: the authorities read last stay in force.
            }

            return _authorities;
        }
    }

    private static X509Certificate2Collection Authorities(string pem, string where)
    {
        var result = new X509Certificate2Collection();
        try
        {
            result.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubeconfigException($"the certificate authority of {where} cannot be read: {e.Message}", e);
        }

        if (result.Count == 0)
            throw new KubeconfigException($"the certificate authority of {where} holds no PEM certificate");
        return result;
    }

    private static string ReadFile(string path, string where)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"cannot read the certificate authority of {where}: {e.Message}", e);
        }
    }
}
