using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Controllers.Tests.ControlPlane;

/// <summary>
/// A node of the API, and what a kubelet would report of the pods on it: they run and are ready at once, at the address
/// that the test gives, and are gone when they are deleted.
/// </summary>
public sealed class PretendNode : IAsyncDisposable
{
    private readonly KubernetesClient _client;
    private readonly Func<KubernetesObject, string?> _address;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;

    private PretendNode(KubernetesClient client, string name, Func<KubernetesObject, string?> address) =>
        (_client, Name, _address) = (client, name, address);

    public string Name { get; }

    /// <param name="client">An administrator; stays the caller's.</param>
    /// <param name="name">Name of the node; also its label <c>node</c>, to place pods by.</param>
    /// <param name="extended">Extended resources such as <c>nvidia.com/gpu</c>.</param>
    /// <param name="address">Address of a pod; null leaves it as it is.</param>
    public static async Task<PretendNode> StartAsync(
        KubernetesClient client, string name, IReadOnlyDictionary<string, int> extended,
        Func<KubernetesObject, string?> address)
    {
        var node = new PretendNode(client, name, address);
        await client.CreateAsync(
            BuiltIn.Nodes,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["node"] = name } },
            },
            default);
        // The API server marks new nodes as not ready; what would take that away does not run here.
        var open = new JsonObject { ["spec"] = new JsonObject { ["taints"] = null } };
        await client.PatchAsync(BuiltIn.Nodes, NamespacedName.Cluster(name), Patch.Merge(open), default);
        await node.OfferAsync(extended);
        node._work = node.RunAsync(node._stop.Token);
        return node;
    }

    /// <summary>What the node has from now on.</summary>
    public async Task OfferAsync(IReadOnlyDictionary<string, int> extended)
    {
        var resources = new JsonObject { ["cpu"] = "64", ["memory"] = "256Gi", ["pods"] = "110" };
        foreach (var (name, count) in extended) resources[name] = $"{count}";
        var status = new JsonObject
        {
            ["capacity"] = resources,
            ["allocatable"] = resources.DeepClone(),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        };
        var patch = Patch.MergeStatus(new JsonObject { ["status"] = status });
        await _client.PatchAsync(BuiltIn.Nodes, NamespacedName.Cluster(Name), patch, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        await _client.DeleteAsync(BuiltIn.Nodes, NamespacedName.Cluster(Name), new DeleteOptions(), default);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var here = new ListOptions { FieldSelector = $"spec.nodeName={Name}" };
                var pods = await _client.ListAsync(BuiltIn.Pods, here, cancellationToken);
                foreach (var pod in pods.Items) await ReportAsync(pod, cancellationToken);
                await Task.Delay(50, cancellationToken);
            }
            catch (Exception e) when (e is OperationCanceledException or KubernetesApiException)
            {
                // Stopping, or the pod is gone meanwhile.
            }
        }
    }

    private async Task ReportAsync(KubernetesObject pod, CancellationToken cancellationToken)
    {
        if (pod.Metadata.IsBeingDeleted)
        {
            var now = new DeleteOptions { GracePeriodSeconds = 0 };
            await _client.DeleteAsync(BuiltIn.Pods, pod.Metadata.Key, now, cancellationToken);
            return;
        }

        if (pod.Text("status", "phase") == "Running" || _address(pod) is not { } address) return;
        var status = new JsonObject
        {
            ["phase"] = "Running",
            ["podIP"] = address,
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address }),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        };
        var patch = Patch.MergeStatus(new JsonObject { ["status"] = status });
        await _client.PatchAsync(BuiltIn.Pods, pod.Metadata.Key, patch, cancellationToken);
    }
}
