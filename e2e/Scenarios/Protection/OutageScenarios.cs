using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>The operator is gone; what it made goes on.</summary>
public sealed class OutageScenarios
{
    [ClusterFact]
    public async Task Without_operator_traffic_flows_protection_stays_and_new_annotated_pods_wait()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await using var traffic = new Traffic(client);
        var before = (await shop.PodsAsync("shop")).Count;

        await ScaleOperatorAsync(0);
        try
        {
            await shop.Kubectl.RunAsync("scale", "deployment/shop", "--replicas=" + (before + 1));
            await Task.Delay(TimeSpan.FromSeconds(8));

            Assert.Equal(before, (await shop.PodsAsync("shop")).Count);
            await client.PassesAsync();
            await client.BlockedAsync();
        }
        finally
        {
            await ScaleOperatorAsync(2);
        }

        await Eventually.TrueAsync(TimeSpan.FromSeconds(180), "the waiting pod comes, with a sidecar", async () =>
        {
            var pods = await shop.PodsAsync("shop");
            return pods.Count == before + 1 && pods.All(HasSidecar);
        });
        Assert.Empty(await traffic.StopAsync());
    }

    [ClusterFact]
    public async Task A_sidecar_that_restarts_without_operator_protects_with_its_last_good_copy()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await shop.Kubectl.RunAsync("scale", "deployment/shop", "--replicas=1");
        await Eventually.TrueAsync(TimeSpan.FromSeconds(180), "one pod is left", async () => (await shop.PodsAsync("shop")).Count == 1);

        await ScaleOperatorAsync(0);
        try
        {
            var pod = (await shop.PodsAsync("shop"))[0].GetProperty("metadata").GetProperty("name").GetString()!;
            // The sidecar is told to end, as the kubelet tells it; its container is started again in the same pod.
            await shop.Kubectl.TryAsync(["exec", pod, "-c", "waf-sidecar", "--", "busybox", "kill", "1"]);
            await Eventually.TrueAsync(TimeSpan.FromSeconds(180), "the sidecar restarted and is ready", async () =>
                Restarted(await shop.Kubectl.GetAsync("pod", pod)));

            await Eventually.TrueAsync(TimeSpan.FromSeconds(60), "the restarted sidecar protects", async () =>
                await client.StatusAsync(Requests.SqlInjection) == System.Net.HttpStatusCode.Forbidden);
            await client.PassesAsync();
        }
        finally
        {
            await ScaleOperatorAsync(2);
        }
    }

    private static bool HasSidecar(JsonElement pod) => pod.GetProperty("spec").ToString().Contains("waf-sidecar", StringComparison.Ordinal);

    private static bool Restarted(JsonElement pod) =>
        PodContainers.StatusOf(pod, "waf-sidecar") is { } status
        && status.GetProperty("restartCount").GetInt32() > 0 && status.GetProperty("ready").GetBoolean();

    private static async Task ScaleOperatorAsync(int replicas)
    {
        await Shop.Operator.RunAsync("scale", "deployment/waf-operator", "--replicas=" + replicas);
        if (replicas > 0)
        {
            await Shop.Operator.RunAsync("rollout", "status", "deployment/waf-operator", "--timeout=120s");
            return;
        }
        // Not until the objects are gone: a kubelet may keep those for a minute after the last program ended.
        await Eventually.TrueAsync(TimeSpan.FromSeconds(180), "no program of the operator runs", async () =>
            !(await Shop.Operator.ListAsync("pods", "-l", "app.kubernetes.io/component=operator")).Any(PodContainers.AnyRuns));
    }
}
