using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;

namespace WafOperator.Controllers;

/// <summary>
/// Writes the status of our kinds by server-side apply, and only when it differs: a status write is a watch event for
/// everybody.
/// </summary>
public sealed class StatusWriter(KubernetesClient client)
{
    private const string FieldManager = "waf-operator-status";

    /// <summary>Makes the object's status equal to <paramref name="next"/>.</summary>
    /// <returns>True when something was written.</returns>
    public Task<bool> WriteAsync<TResource, TStatus>(
        ResourceType<Resource<TResource>> type, Resource<TResource> resource, TStatus? current, TStatus next,
        CancellationToken cancellationToken)
        where TStatus : class => WriteAsync(type, resource, current, next, isGuarded: false, cancellationToken);

    /// <summary>
    /// The same, but only while the object is the one that was read: else the server answers with a conflict.
    /// </summary>
    public Task<bool> WriteIfUnchangedAsync<TResource, TStatus>(
        ResourceType<Resource<TResource>> type, Resource<TResource> resource, TStatus? current, TStatus next,
        CancellationToken cancellationToken)
        where TStatus : class => WriteAsync(type, resource, current, next, isGuarded: true, cancellationToken);

    private async Task<bool> WriteAsync<TResource, TStatus>(
        ResourceType<Resource<TResource>> type, Resource<TResource> resource, TStatus? current, TStatus next,
            bool isGuarded,
        CancellationToken cancellationToken)
        where TStatus : class
    {
        var node = Node(next);
        if (current is not null && JsonNode.DeepEquals(Node(current), node)) return false;
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = resource.Metadata.Namespace,
                ["name"] = resource.Metadata.Name,
                // Without the uid a deleted object would be created anew by the apply.
                ["uid"] = resource.Metadata.Uid,
            },
            ["status"] = node,
        };
        if (isGuarded) body["metadata"]!["resourceVersion"] = resource.Metadata.ResourceVersion;
        var options = new ApplyOptions { FieldManager = FieldManager, Subresource = "status" };
        await client.ApplyAsync(type, body, options, cancellationToken);
        return true;
    }

    private static JsonNode? Node<TStatus>(TStatus status) =>
        JsonSerializer.SerializeToNode(status, ResourceJson.Default.Options);
}
