using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Writes the bundle into the <c>caBundle</c> fields of the operator's own webhook configurations and nothing else, under a field manager of
/// its own. Runs on the leader. Looks again every minute: the rights to read one object by name do not include watching.
/// </summary>
public sealed class CaBundleController(
    KubernetesClient client, NamespacedName secret, string configuration, Func<ServingState?> certificates)
        : IReconciler
{
    private const string FieldManager = "waf-operator-ca-bundle";
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (key != secret || certificates() is not { } state) return ReconcileResult.Done;
        await WriteAsync(BuiltIn.MutatingWebhookConfigurations, state.Bundle, cancellationToken);
        await WriteAsync(BuiltIn.ValidatingWebhookConfigurations, state.Bundle, cancellationToken);
        return ReconcileResult.After(Interval);
    }

    private async Task WriteAsync(ResourceType<KubernetesObject> type, string bundle, CancellationToken cancellationToken)
    {
        var existing = await client.TryGetAsync(type, NamespacedName.Cluster(configuration), cancellationToken);
        if (existing is null) return;
        var operations = Operations(existing, bundle);
        if (operations.Count == 0) return;
        var patch = Patch.Json([.. operations]) with { Options = new PatchOptions { FieldManager = FieldManager } };
        await client.PatchAsync(type, existing.Key, patch, cancellationToken);
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
