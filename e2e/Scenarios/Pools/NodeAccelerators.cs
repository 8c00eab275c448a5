using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Pools;

/// <summary>
/// Accelerators of a node as the API knows them, without the hardware: the real scheduler places by them, and refuses
/// to. On the local cluster they are <c>nvidia.com/gpu</c>; elsewhere they have a name that nobody's device plug-in
/// uses.
/// </summary>
public sealed class NodeAccelerators : IAsyncDisposable
{
    private readonly string _node;

    private NodeAccelerators(string node) => _node = node;

    public static string Resource { get; } =
        System.Environment.GetEnvironmentVariable("WAF_E2E_CLUSTER") == "local" ? "nvidia.com/gpu"
            : "wafoperator.dev/gpu";

    /// <summary>The first node, which offers so many.</summary>
    public static async Task<NodeAccelerators> OnFirstNodeAsync(int count)
    {
        var nodes = await Shop.Everywhere.ListAsync("nodes");
        var name = nodes[0].GetProperty("metadata").GetProperty("name").GetString()!;
        var accelerators = new NodeAccelerators(name);
        await accelerators.OfferAsync(count);
        return accelerators;
    }

    /// <summary>What the node offers from now on; 0 withdraws it.</summary>
    public async Task OfferAsync(int count) => await Eventually.TrueAsync(
        TimeSpan.FromSeconds(30), $"the node offers {count} {Resource}", async () =>
        {
            // The status is replaced, so the kubelet may have been faster; then once more.
            var node = JsonNode.Parse((await Shop.Everywhere.GetAsync("node", _node)).GetRawText())!.AsObject();
            foreach (var field in new[] { "capacity", "allocatable" })
            {
                var resources = node["status"]![field]!.AsObject();
                if (count == 0) resources.Remove(Resource);
                else resources[Resource] = count.ToString(CultureInfo.InvariantCulture);
            }

            var written = await Shop.Everywhere.TryAsync(
                ["replace", "--raw", $"/api/v1/nodes/{_node}/status", "-f", "-"], node.ToJsonString());
            return written.ExitCode == 0 && Offered(await Shop.Everywhere.GetAsync("node", _node)) == count;
        });

    public async ValueTask DisposeAsync() => await OfferAsync(0);

    private static int Offered(JsonElement node) =>
        node.GetProperty("status").GetProperty("allocatable").TryGetProperty(Resource, out var text)
            ? int.Parse(text.GetString()!, CultureInfo.InvariantCulture)
            : 0;
}
