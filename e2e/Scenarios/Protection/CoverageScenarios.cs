using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>Pods of a target that have no sidecar: seen, refused, repaired.</summary>
public sealed class CoverageScenarios
{
    [ClusterFact]
    public async Task A_pod_of_a_target_that_did_not_ask_is_missing_until_a_sidecar_is_required()
    {
        await using var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Policy(""));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop-plain"));
        await shop.ReadyAsync("plain");

        var coverage = await CoverageAsync(shop, c => c.GetProperty("missing").GetInt32() == 1);
        Assert.Equal(1, coverage.GetProperty("matched").GetInt32());
        var reason = Assert.Single(coverage.GetProperty("missingReasons").EnumerateArray());
        Assert.Equal("NotRequested", reason.GetProperty("reason").GetString());

        // The pod that runs is evicted, and its successor is injected, though its template does not ask.
        await shop.Kubectl.ApplyAsync(Policy("interception: {required: true, repairByEviction: true}"));
        await CoverageAsync(shop, c => c.GetProperty("programmed").GetInt32() == 1
            && c.GetProperty("missing").GetInt32() == 0);
        using var client = await shop.ClientAsync("plain");
        await client.PassesAsync();
        await client.BlockedAsync();
    }

    [ClusterFact]
    public async Task A_running_pod_keeps_its_sidecar()
    {
        await using var shop = await Shop.ProtectedAsync();
        var pod = (await shop.PodsAsync("shop"))[0].GetProperty("metadata").GetProperty("name").GetString()!;

        var image = await shop.Kubectl.TryAsync(["set", "image", "pod/" + pod, "waf-sidecar=registry.local/pause"]);
        Assert.Contains("may become", image.Text, StringComparison.Ordinal);
        var mark = await shop.Kubectl.TryAsync(["annotate", "pod", pod, "--overwrite", "wafoperator.dev/injected=x"]);
        Assert.Contains("change the pod template", mark.Text, StringComparison.Ordinal);
        await shop.Kubectl.RunAsync("label", "pod", pod, "--overwrite", "app=looked-at");
        // Its Deployment makes another one; the one that left is still counted.
        await CoverageAsync(shop, c => c.GetProperty("matched").GetInt32() == 3
            && c.GetProperty("programmed").GetInt32() == 3);
    }

    private static string Policy(string interception) => $$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: {name: shop}
        spec:
          targetRefs: [{kind: Pod, selector: {matchLabels: {app: plain} } }]
          mode: Enforce
          {{interception}}
        """;

    private static async Task<JsonElement> CoverageAsync(Shop shop, Func<JsonElement, bool> isReached)
    {
        JsonElement coverage = default;
        await Eventually.TrueAsync(TimeSpan.FromSeconds(120), "the policy's coverage is as expected", async () =>
        {
            var policy = await shop.Kubectl.GetAsync("wafpolicy", "shop");
            return policy.TryGetProperty("status", out var status) && status.TryGetProperty("coverage", out coverage)
                && isReached(coverage);
        });
        return coverage;
    }
}
