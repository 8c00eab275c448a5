using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Keeps a ConfigMap with the operator's bundle in each namespace that has sidecars or policies: sidecars mount it to trust the
/// distribution. It is watched: what somebody changes or deletes is put right at once. Runs on the leader; keys are
/// namespaces.
/// </summary>
public sealed class TrustBundleController(
    KubernetesClient client, Func<string, bool> isNeeded, Func<ServingState?> certificates,
    Func<string, KubernetesObject?> found, TimeProvider time) : IReconciler
{
    /// <summary>Name of the ConfigMap in each namespace.</summary>
    public const string ConfigMapName = "waf-operator-ca";

    /// <summary>Its key.</summary>
    public const string BundleKey = "ca.crt";

    /// <summary>Somebody who keeps changing it gets no write of ours for each of theirs.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _applied = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var ns = key.Name;
        if (certificates() is not { Bundle.Length: > 0 } state || !isNeeded(ns)) return ReconcileResult.Done;
        if (found(ns)?.Text("data", BundleKey) == state.Bundle) return ReconcileResult.Done;
        var now = time.GetUtcNow();
        if (_applied.TryGetValue(ns, out var last) && now - last < Pause)
            return ReconcileResult.After(last + Pause - now);
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
        // Forced: a field that somebody else took is ours.
        await client.ApplyAsync(BuiltIn.ConfigMaps, body, new ApplyOptions(), cancellationToken);
        _applied[ns] = now;
        // The cache says so when it is there; until then nobody knows.
        return ReconcileResult.After(Pause);
    }
}
