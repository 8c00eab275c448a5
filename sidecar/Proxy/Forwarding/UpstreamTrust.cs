using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Whose certificates an application may show: authorities of a file, which is read again when it is old, those of the
/// system, or any. Thread-safe.
/// </summary>
internal sealed class UpstreamTrust
{
    /// <summary>A bundle of a few hundred authorities is a quarter of it.</summary>
    public const int FileBytesMax = 1024 * 1024;

    /// <summary>How old what was read may be: the kubelet itself takes a minute to write a change.</summary>
    public static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(10);

    private readonly bool _takesAny;
    private readonly string? _file;
    private readonly TimeProvider _time;
    private readonly Lock _reading = new();
    private X509Certificate2Collection _authorities = [];
    private long _readAt;

    /// <param name="takesAny">No certificate is refused.</param>
    /// <param name="file">PEM file of the authorities, or null for the system's.</param>
    /// <param name="time">Clock.</param>
    public UpstreamTrust(bool takesAny, string? file, TimeProvider time)
    {
        (_takesAny, _file, _time) = (takesAny, file, time);
        if (file is not null) Problem = Read();
    }

    /// <summary>Why there were no authorities in the file at first, or null.</summary>
    public string? Problem { get; }

    /// <summary>How a connection begins.</summary>
    /// <param name="name">Name that is sent and checked.</param>
    /// <param name="protocol">The one protocol that is offered.</param>
    [SuppressMessage("Security", "CA5359", Justification = "Only where the policy says insecureSkipVerify: true.")]
    public SslClientAuthenticationOptions Options(string name, SslApplicationProtocol protocol)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            ApplicationProtocols = [protocol],
            CertificateChainPolicy = new X509ChainPolicy
            {
                RevocationMode = X509RevocationMode.NoCheck,
                // A certificate must not make the sidecar call anybody.
                DisableCertificateDownloads = true,
            },
        };
        if (_takesAny) options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        if (_file is null) return options;
        options.CertificateChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        options.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities());
        return options;
    }

    private X509Certificate2Collection Authorities()
    {
        lock (_reading)
        {
            // What cannot be read leaves what was there: the file is being replaced, or somebody made a mistake.
            if (_time.GetElapsedTime(_readAt) >= ReadAgainAfter) Read();
            return _authorities;
        }
    }

    private string? Read()
    {
        _readAt = _time.GetTimestamp();
        try
        {
            if (new FileInfo(_file!).Length > FileBytesMax) return $"{_file} has over {FileBytesMax} bytes";
            var read = new X509Certificate2Collection();
            read.ImportFromPem(File.ReadAllText(_file!));
            if (read.Count == 0) return $"{_file} holds no certificate in PEM";
            _authorities = read;
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"{_file} cannot be read: {failure.Message}";
        }
    }
}
