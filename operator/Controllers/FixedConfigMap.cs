using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers;

/// <summary>
/// A ConfigMap of the operator's that somebody made immutable can be written by nobody again, and holds what they put
/// there: it is taken away, so that ours can come. Finalizers would keep it for ever, and go first.
/// </summary>
internal static class FixedConfigMap
{
    /// <summary>
    /// Deletes the ConfigMap if it is immutable; false where it is not there, or can be written.
    /// </summary>
    /// <exception cref="KubernetesApiException">The API server refused, or another came in its place.</exception>
    public static async Task<bool> RemoveAsync(
        KubernetesClient client, NamespacedName key, CancellationToken cancellationToken)
    {
        var found = await client.TryGetAsync(BuiltIn.ConfigMaps, key, cancellationToken);
        if (found is null || found.At("immutable")?.ValueKind is not JsonValueKind.True) return false;
        if (found.At("metadata", "finalizers") is not null)
        {
            var bare = new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } };
            await client.PatchAsync(BuiltIn.ConfigMaps, key, Patch.Merge(bare), cancellationToken);
        }

        await client.DeleteAsync(
            BuiltIn.ConfigMaps, key, new DeleteOptions { Uid = found.Metadata.Uid }, cancellationToken);
        return true;
    }
}
