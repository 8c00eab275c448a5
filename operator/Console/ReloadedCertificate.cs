using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WafOperator.Console;

/// <summary>A certificate of two PEM files, read again when they change: it is rotated under a running
/// program.</summary>
internal sealed class ReloadedCertificate(string certificate, string key)
{
    private readonly Lock _lock = new();
    private X509Certificate2? _current;
    private DateTime _readAt;

    public void Apply(HttpsConnectionAdapterOptions https) => https.ServerCertificateSelector = (_, _) => Current();

    private X509Certificate2? Current()
    {
        lock (_lock)
        {
            try
            {
                var written = File.GetLastWriteTimeUtc(certificate);
                if (_current is not null && written == _readAt) return _current;
                using var read = X509Certificate2.CreateFromPemFile(certificate, key);
                _current = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
                _readAt = written;
            }
            catch (Exception failure) when (failure is IOException or CryptographicException)
            {
                // Half-written for a moment: the one before still serves.
            }

            return _current;
        }
    }
}
