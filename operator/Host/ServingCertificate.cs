using System.Security.Cryptography.X509Certificates;
using WafOperator.Controllers.Certificates;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Operator.Host;

/// <summary>The certificate that both HTTPS ports serve with now, and the state it came from. Replaced by one write; thread-safe.</summary>
internal sealed class ServingCertificate
{
    private volatile X509Certificate2? _current;
    private volatile CertificateState? _state;

    /// <summary>Null until the Secret was read once.</summary>
    public X509Certificate2? Current => _current;

    /// <summary>Null when certificates are managed by somebody else.</summary>
    public CertificateState? State => _state;

    /// <summary>Takes what a Secret holds now. An unusable Secret changes nothing: the last certificate keeps serving.</summary>
    public bool Update(KubernetesObject? secret)
    {
        if (secret is null || CertificateSecret.ReadServing(secret) is not { } serving) return false;
        _state = CertificateSecret.Read(secret);
        var next = serving.ToServerCertificate();
        if (_current?.Thumbprint == next.Thumbprint)
        {
            next.Dispose();
            return true;
        }

        // The old one may still be in a handshake: it is left to the collector.
        _current = next;
        return true;
    }
}
