using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>Ways around the sidecar: closed where a policy says so, and reported where they open later.</summary>
public sealed class BypassScenarios
{
    private static readonly TimeSpan SeenWithin = TimeSpan.FromSeconds(40);

    [ClusterFact]
    public async Task Network_policies_close_the_way_around_sidecars_as_long_as_the_policy_says_so()
    {
        await using var shop = await Shop.ProtectedAsync();

        await PatchAsync(shop, """{"spec":{"interception":{"networkPolicy":true}}}""");
        JsonElement found = default;
        await Eventually.TrueAsync(SeenWithin, "a NetworkPolicy exists", async () =>
        {
            var all = await shop.Kubectl.ListAsync("networkpolicies");
            if (all.Count == 1) found = all[0];
            return all.Count == 1;
        });

        var ports = found.GetProperty("spec").GetProperty("ingress")[0].GetProperty("ports").EnumerateArray()
            .Select(port => port.GetProperty("port").GetInt32()).ToList();
        Assert.DoesNotContain(8080, ports);
        var label = found.GetProperty("spec").GetProperty("podSelector").GetProperty("matchLabels")
            .EnumerateObject().Single();
        foreach (var pod in await shop.PodsAsync("shop"))
        {
            var labels = pod.GetProperty("metadata").GetProperty("labels");
            Assert.Equal(label.Value.GetString(), labels.GetProperty(label.Name).GetString());
        }
        var owner = found.GetProperty("metadata").GetProperty("ownerReferences")[0];
        Assert.Equal("WafPolicy", owner.GetProperty("kind").GetString());

        await PatchAsync(shop, """{"spec":{"interception":{"networkPolicy":false}}}""");
        await Eventually.TrueAsync(SeenWithin, "the NetworkPolicy is gone", async () =>
            (await shop.Kubectl.ListAsync("networkpolicies")).Count == 0);
    }

    [ClusterFact]
    public async Task A_service_that_comes_later_and_leads_around_the_sidecars_is_reported()
    {
        await using var shop = await Shop.ProtectedAsync();

        await shop.Kubectl.ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: late}
            spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
            """);
        await shop.Kubectl.RunAsync("wait", "wafpolicy/shop", "--for=condition=Degraded", "--timeout=40s");

        var status = (await shop.Kubectl.GetAsync("wafpolicy", "shop")).GetProperty("status");
        Assert.Equal(1, status.GetProperty("coverage").GetProperty("uncaptured").GetInt32());
        var degraded = status.GetProperty("conditions").EnumerateArray()
            .Single(condition => condition.GetProperty("type").GetString() == "Degraded");
        Assert.Equal("UncapturedPort", degraded.GetProperty("reason").GetString());
        var message = degraded.GetProperty("message").GetString()!;
        Assert.Contains("Service late port 8080", message, StringComparison.Ordinal);

        // The pods' next generation is captured for both Services.
        await shop.Kubectl.RunAsync("rollout", "restart", "deployment/shop");
        await shop.ReadyAsync("shop");
        await Eventually.TrueAsync(SeenWithin, "nothing leads around the new pods", async () =>
            !(await shop.Kubectl.GetAsync("wafpolicy", "shop")).GetProperty("status").GetProperty("coverage")
                .TryGetProperty("uncaptured", out var count) || count.GetInt32() == 0);
        using var client = await shop.ClientAsync("late");
        await client.BlockedAsync();
    }

    [ClusterFact]
    public async Task A_refused_pod_is_an_event_of_what_creates_it()
    {
        await using var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop"));

        await Eventually.TrueAsync(SeenWithin, "the Deployment says that there is no policy", async () =>
            (await shop.Kubectl.ListAsync("events")).Any(happened =>
                happened.GetProperty("reason").GetString() == "NoPolicy"
                && happened.GetProperty("involvedObject").GetProperty("kind").GetString() == "Deployment"));
        Assert.Empty(await shop.PodsAsync("shop"));
    }

    private static async Task PatchAsync(Shop shop, string patch) =>
        await shop.Kubectl.RunAsync("patch", "wafpolicy", "shop", "--type=merge", "-p", patch);
}
