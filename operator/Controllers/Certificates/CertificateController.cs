using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>Keeps the Secret with the operator's own authority and serving certificate fresh. Runs on the leader.</summary>
public sealed partial class CertificateController(
    KubernetesClient client, NamespacedName secret, IReadOnlyList<string> dnsNames, TimeProvider time,
    ILogger<CertificateController> logger) : IReconciler
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(6);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (key != secret) return ReconcileResult.Done;
        var existing = await client.TryGetAsync(BuiltIn.Secrets, secret, cancellationToken);
        var current = CertificateSecret.Read(existing);
        var now = time.GetUtcNow();
        var (state, lookAgain) = CertificateRotation.Next(current, dnsNames, now);
        if (!ReferenceEquals(state, current))
        {
            var body = CertificateSecret.Write(secret, state, existing?.Metadata.ResourceVersion);
            if (existing is null) await client.CreateAsync(BuiltIn.Secrets, body, cancellationToken);
            else await client.ReplaceAsync(BuiltIn.Secrets, body, cancellationToken);
            LogWritten(secret.ToString(), state.Serving.NotAfter, state.Authority.NotAfter);
        }

        var wait = lookAgain - now;
        return ReconcileResult.After(wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait < WaitMax ? wait : WaitMax);
    }

    [LoggerMessage(4101, LogLevel.Information,
        "Certificates in Secret {Secret} written: serving certificate until {ServingEnd}, authority until {AuthorityEnd}")]
    private partial void LogWritten(string secret, DateTimeOffset servingEnd, DateTimeOffset authorityEnd);
}
