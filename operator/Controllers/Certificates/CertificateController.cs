using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Keeps the Secrets with the operator's own authority and serving certificate fresh, and takes what an earlier
/// version left in one Secret apart. Runs on the leader.
/// </summary>
public sealed partial class CertificateController(
    KubernetesClient client, NamespacedName secret, NamespacedName authority, IReadOnlyList<string> dnsNames,
    TimeProvider time, ILogger<CertificateController> logger) : IReconciler
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(6);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (key != secret) return ReconcileResult.Done;
        var existing = await client.TryGetAsync(BuiltIn.Secrets, secret, cancellationToken);
        var existingAuthority = await client.TryGetAsync(BuiltIn.Secrets, authority, cancellationToken);
        var now = time.GetUtcNow();
        var (state, lookAgain) = CertificateRotation.Next(
            CertificateSecret.Read(existingAuthority, existing), dnsNames, now,
            CertificateSecret.ReadServing(existing));
        // The authority first: what serves can be made anew from it, and not the other way round.
        if (!CertificateSecret.HoldsAuthority(existingAuthority, state))
        {
            var version = existingAuthority?.Metadata.ResourceVersion;
            await WriteAsync(CertificateSecret.WriteAuthority(authority, state, version), version, cancellationToken);
            LogAuthority(authority.ToString(), state.Authority.NotAfter);
        }

        if (!CertificateSecret.HoldsServing(existing, state))
        {
            var version = existing?.Metadata.ResourceVersion;
            await WriteAsync(CertificateSecret.WriteServing(secret, state, version), version, cancellationToken);
            LogWritten(secret.ToString(), state.Serving.NotAfter);
        }

        var wait = lookAgain - now;
        return ReconcileResult.After(wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait < WaitMax ? wait : WaitMax);
    }

    private async Task WriteAsync(JsonObject body, string? version, CancellationToken cancellationToken)
    {
        if (version is null) await client.CreateAsync(BuiltIn.Secrets, body, cancellationToken);
        else await client.ReplaceAsync(BuiltIn.Secrets, body, cancellationToken);
    }

    [LoggerMessage(4101, LogLevel.Information, "Serving certificate in Secret {Secret} written, until {End}")]
    private partial void LogWritten(string secret, DateTimeOffset end);

    [LoggerMessage(4102, LogLevel.Information, "Authority in Secret {Secret} written, until {End}")]
    private partial void LogAuthority(string secret, DateTimeOffset end);
}
