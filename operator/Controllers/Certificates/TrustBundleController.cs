using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Keeps a ConfigMap with the operator's bundle in each namespace that has sidecars or policies: sidecars mount it to trust the
/// distribution. Runs on the leader; keys are namespaces.
/// </summary>
public sealed class TrustBundleController(
    KubernetesClient client, Informer<KubernetesObject> bundles, Func<string, bool> isNeeded, Func<CertificateState?> certificates)
    : IReconciler
{
    /// <summary>Name of the ConfigMap in each namespace.</summary>
    public const string ConfigMapName = "waf-operator-ca";

    /// <summary>Its key.</summary>
    public const string BundleKey = "ca.crt";

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var ns = key.Name;
        if (certificates() is not { } state || !isNeeded(ns)) return ReconcileResult.Done;
        var existing = bundles.Cache.Get(new NamespacedName(ns, ConfigMapName));
        if (existing?.Text("data", BundleKey) == state.Bundle) return ReconcileResult.Done;
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
        return ReconcileResult.Done;
    }
}
