using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>Pods of a target that have no sidecar: seen, refused, repaired.</summary>
public sealed class CoverageScenarios
{
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
