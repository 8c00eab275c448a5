using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;

namespace WafOperator.Controllers;

/// <summary>
/// Writes the status of our kinds as a whole, by JSON patch, and only when it differs: a status write is a watch event
/// for everybody. Not by server-side apply: what an apply removes from a list that is kept by keys, Kubernetes 1.20
/// leaves behind as null, and then refuses the whole status.
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
        // Another object of the same name is not this one.
        var test = Operation("test", "/metadata/uid", resource.Metadata.Uid);
        var write = Operation("add", "/status", node);
        var patch = isGuarded
            ? Patch.Json(
                test, Operation("replace", "/metadata/resourceVersion", resource.Metadata.ResourceVersion), write)
            : Patch.Json(test, write);
        patch = patch with { Options = new PatchOptions { FieldManager = FieldManager, Subresource = "status" } };
        await client.PatchAsync(type, resource.Metadata.Key, patch, cancellationToken);
        return true;
    }

    private static JsonObject Operation(string name, string path, JsonNode? value) =>
        new() { ["op"] = name, ["path"] = path, ["value"] = value };

    private static JsonNode? Node<TStatus>(TStatus status) =>
        JsonSerializer.SerializeToNode(status, ResourceJson.Default.Options);
}
