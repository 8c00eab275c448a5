using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Pools;

namespace WafOperator.Controllers.Pools;

/// <summary>Makes and changes the secret that pools' keys are made of. Runs on the leader.</summary>
public sealed partial class PoolKeyController(
    KubernetesClient client, NamespacedName secret, TimeProvider time, ILogger<PoolKeyController> logger) : IReconciler
{
    /// <summary>Name of the Secret in the operator's namespace.</summary>
    public const string SecretName = "waf-operator-pools";

    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(6);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (key != secret) return ReconcileResult.Done;
        var existing = await client.TryGetAsync(BuiltIn.Secrets, secret, cancellationToken);
        var current = PoolSecret.Read(existing);
        var now = time.GetUtcNow();
        var (wanted, lookAgain) = PoolSecret.Rotate(current, now);
        if (!ReferenceEquals(wanted, current))
        {
            var body = wanted.Write(secret, existing?.Metadata.ResourceVersion);
            if (existing is null) await client.CreateAsync(BuiltIn.Secrets, body, cancellationToken);
            else await client.ReplaceAsync(BuiltIn.Secrets, body, cancellationToken);
            LogWritten(secret.ToString(), wanted.Next is not null);
        }

        var wait = lookAgain - now;
        return ReconcileResult.After(wait < WaitMax ? wait : WaitMax);
    }

    [LoggerMessage(4510, LogLevel.Information,
        "Keys of inference pools in Secret {Secret} written; a next one is being spread: {IsChanging}")]
    private partial void LogWritten(string secret, bool isChanging);
}
