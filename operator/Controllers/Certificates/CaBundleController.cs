using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Writes the bundle into one webhook configuration's <c>caBundle</c> fields and nothing else, under a field manager of its own. Runs on the
/// leader; keys are names of webhook configurations.
/// </summary>
public sealed class CaBundleController(
    KubernetesClient client, ResourceType<KubernetesObject> type, string configuration,
    Informer<KubernetesObject> configurations, Func<CertificateState?> certificates) : IReconciler
{
    private const string FieldManager = "waf-operator-ca-bundle";

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var existing = configurations.Cache.Get(NamespacedName.Cluster(configuration));
        if (existing is null || certificates() is not { } state) return ReconcileResult.Done;
        var operations = Operations(existing, state.Bundle);
        if (operations.Count == 0) return ReconcileResult.Done;
        var patch = Patch.Json([.. operations]) with { Options = new PatchOptions { FieldManager = FieldManager } };
        await client.PatchAsync(type, existing.Key, patch, cancellationToken);
        return ReconcileResult.Done;
    }

    /// <summary>JSON patch operations that put the bundle where it is missing; each guarded by the webhook's name.</summary>
    internal static List<JsonObject> Operations(KubernetesObject configuration, string bundlePem)
    {
        var bundle = Convert.ToBase64String(Encoding.UTF8.GetBytes(bundlePem));
        var operations = new List<JsonObject>();
        var index = 0;
        foreach (var webhook in configuration.Json.Items("webhooks"))
        {
            // A webhook with a URL is not ours to serve.
            if (webhook.At("clientConfig", "service") is not null && webhook.Text("clientConfig", "caBundle") != bundle)
            {
                operations.Add(new JsonObject
                {
                    ["op"] = "test", ["path"] = $"/webhooks/{index}/name", ["value"] = webhook.Text("name"),
                });
                operations.Add(new JsonObject
                {
                    ["op"] = "add", ["path"] = $"/webhooks/{index}/clientConfig/caBundle", ["value"] = bundle,
                });
            }

            index++;
        }

        return operations;
    }
}
