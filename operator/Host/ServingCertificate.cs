using System.Security.Cryptography.X509Certificates;
using WafOperator.Controllers.Certificates;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Operator.Host;

/// <summary>
/// The certificate that both HTTPS ports serve with now, and the bundle that goes with it. Replaced by one write;
/// thread-safe.
/// </summary>
internal sealed class ServingCertificate
{
    private volatile X509Certificate2? _current;
    private volatile ServingState? _state;

    /// <summary>Null until the Secret was read once.</summary>
    public X509Certificate2? Current => _current;

    /// <summary>
    /// Null until the Secret was read once. Its bundle is empty where somebody else made the Secret without one.
    /// </summary>
    public ServingState? State => _state;

    /// <summary>Takes what a Secret holds now. An unusable Secret changes nothing: the last certificate keeps serving.</summary>
    public bool Update(KubernetesObject? secret)
    {
        if (CertificateSecret.ReadServing(secret) is not { } serving) return false;
        _state = serving;
        var next = serving.Serving.ToServerCertificate();
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
