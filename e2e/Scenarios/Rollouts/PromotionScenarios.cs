using System.Diagnostics;
using System.Text.RegularExpressions;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Resources.Models;
using Xunit.Abstractions;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>Rollouts that go their way: promoted, held, slow, interrupted.</summary>
[Collection(RolloutCollection.Name)]
public sealed partial class PromotionScenarios(RolloutShop shop, ITestOutputHelper output)
{
    [ClusterFact]
    public async Task A_newer_model_earns_its_traffic_is_promoted_and_can_be_taken_back_at_once()
    {
        var failuresBefore = shop.Traffic.Failures.Count;
        using var story = Story.Of(shop.Shop.Namespace, "payload-cnn-next");
        var manifest = await shop.ApplyAsync(
            "payload-cnn-next", RolloutShop.Builtin("payload-cnn", "1.1.0"), RolloutShop.QuickRollout,
                "  evaluation: {maximumLatency: 10s}");

        await shop.ReachesAsync("payload-cnn-next", ModelPhase.Promoted, seconds: 120);
        await shop.Kubectl.RunAsync("wait", "modelversion/payload-cnn-next", "--for=condition=Promoted", "--timeout=5s");

        var status = await shop.StatusAsync("payload-cnn-next");
        Assert.Equal(
            [ModelPhase.Verifying, ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.Canary, ModelPhase.Promoted],
            status.History.Select(h => h.Phase));
        Assert.Equal(RolloutVerdict.Pass, status.Verdict);
        await shop.ReachesAsync("payload-cnn-base", ModelPhase.Superseded);
        Assert.Matches(StoryInOrder(), await story.EndAsync());
        var diff = await shop.Kubectl.TryAsync(["diff", "-f", "-"], manifest);
        Assert.True(diff.ExitCode == 0, $"kubectl diff: {diff.Text}");
        Assert.Equal(failuresBefore, shop.Traffic.Failures.Count);

        await shop.PatchSpecAsync("payload-cnn-next", """{"abort": true}""");
        var took = await shop.RestoredAsync("payload-cnn-next", TimeSpan.FromSeconds(15));
        Assert.Equal(ModelPhase.Promoted, (await shop.StatusAsync("payload-cnn-base")).Phase);
        output.WriteLine($"after the abort the sidecars had the former version back in {took.TotalSeconds:0.0} s");
    }

    [GeneratedRegex("Verifying.*Evaluating.*Shadow.*Canary +10 .*Promoted +100 ", RegexOptions.Singleline)]
    private static partial Regex StoryInOrder();

    /// <summary>What <c>kubectl get -w</c> prints while a rollout goes on.</summary>
    private sealed class Story(Process process) : IDisposable
    {
        private readonly Task<string> _text = process.StandardOutput.ReadToEndAsync();

        public static Story Of(string ns, string version) => new(Process.Start(
            new ProcessStartInfo(
                "kubectl", ["-n", ns, "get", "modelversions", "-w", "--field-selector", "metadata.name=" + version])
            {
                RedirectStandardOutput = true,
            })!);

        public async Task<string> EndAsync()
        {
            await Task.Delay(500);
            process.Kill();
            return await _text;
        }

        public void Dispose() => process.Dispose();
    }
}
