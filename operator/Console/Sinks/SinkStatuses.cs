using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Access;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>Statuses of WafSinks in the cluster, each written as a whole, on the object that was read.</summary>
/// <param name="client">The API server's client.</param>
/// <param name="find">The object as it is known at present.</param>
/// <param name="logger">Where it is said what was not taken.</param>
internal sealed class SinkStatuses(
    KubernetesClient client, Func<NamespacedName, Resource<WafSink>?> find, ILogger logger)
{
    private const string FieldManager = "waf-console-status";

    /// <summary>What was written last, by whichever replica; null: nothing yet, or it is gone.</summary>
    public WafSinkStatus? LastOf(Resource<WafSink> sink)
    {
        var known = find(sink.Metadata.Key);
        return known?.Metadata.Uid == sink.Metadata.Uid ? known.Value.Status : null;
    }

    /// <summary>The sinks that there are, asked of the API server.</summary>
    /// <exception cref="KubernetesException">The API server does not say.</exception>
    public async Task<IReadOnlyList<string>> UidsAsync(CancellationToken cancellationToken) =>
        [.. (await client.ListAsync(ClusterObjects.Sinks, ListOptions.All, cancellationToken)).Items
            .Select(sink => sink.Metadata.Uid)];

    /// <summary>Writes a status; nothing where the object is gone or another one has its name.</summary>
    /// <exception cref="KubernetesException">The API server does not take it.</exception>
    public async Task WriteAsync(Resource<WafSink> sink, WafSinkStatus status, CancellationToken cancellationToken)
    {
        var node = JsonSerializer.SerializeToNode(status, ResourceJson.Default.Options);
        var patch = Patch.Json(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = sink.Metadata.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = node })
            with { Options = new PatchOptions { FieldManager = FieldManager, Subresource = "status" } };
        try
        {
            await client.PatchAsync(ClusterObjects.Sinks, sink.Metadata.Key, patch, cancellationToken);
        }
        catch (KubernetesApiException failure) when (failure.IsNotFound || failure.IsInvalid)
        {
            // Deleted meanwhile, mostly: its end is seen soon.
            SinkLog.NotTold(logger, sink.Metadata.Key.ToString(), failure.Message);
        }
    }
}
