using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Keeps a ConfigMap with the operator's bundle in each namespace that has sidecars or policies: sidecars mount it to trust the
/// distribution. Runs on the leader; keys are namespaces.
/// </summary>
public sealed class TrustBundleController(
    KubernetesClient client, Func<string, bool> isNeeded, Func<CertificateState?> certificates, TimeProvider time) : IReconciler
{
    /// <summary>Name of the ConfigMap in each namespace.</summary>
    public const string ConfigMapName = "waf-operator-ca";

    /// <summary>Its key.</summary>
    public const string BundleKey = "ca.crt";

    /// <summary>ConfigMaps are not watched (that right would cover everybody's); what somebody deletes comes back by then.</summary>
    private static readonly TimeSpan ApplyAgain = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, (string Bundle, DateTimeOffset At)> _applied = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var ns = key.Name;
        if (certificates() is not { } state || !isNeeded(ns)) return ReconcileResult.Done;
        var now = time.GetUtcNow();
        if (_applied.TryGetValue(ns, out var last) && last.Bundle == state.Bundle && now - last.At < ApplyAgain)
            return ReconcileResult.After(last.At + ApplyAgain - now);
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = ns,
                ["name"] = ConfigMapName,
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "waf-operator" },
            },
            ["data"] = new JsonObject { [BundleKey] = state.Bundle },
        };
        await client.ApplyAsync(BuiltIn.ConfigMaps, body, new ApplyOptions(), cancellationToken);
        _applied[ns] = (state.Bundle, now);
        return ReconcileResult.After(ApplyAgain);
    }
}
