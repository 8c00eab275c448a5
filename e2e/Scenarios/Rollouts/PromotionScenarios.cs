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
            "payload-cnn-next", RolloutShop.Builtin("payload-cnn", "1.1.0"), RolloutShop.LenientRollout,
                RolloutShop.PatientGates);

        await shop.ReachesAsync("payload-cnn-next", ModelPhase.Promoted, seconds: 120);
        await shop.Kubectl.RunAsync(
            "wait", "modelversion/payload-cnn-next", "--for=condition=Promoted", "--timeout=5s");

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

    [ClusterFact]
    public async Task An_operator_that_is_killed_in_every_stage_goes_on_and_promotes_once()
    {
        var failuresBefore = shop.Traffic.Failures.Count;
        var package = CandidatePackages.EqualNetwork("1.2.0");
        await shop.ApplyAsync(
            "payload-cnn-killed", await shop.OfferAsync(package), RolloutShop.QuickRollout, RolloutShop.NoGates);
        foreach (var phase in new[] { ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.Canary })
        {
            await shop.ReachesAsync("payload-cnn-killed", phase);
            await Shop.Operator.RunAsync(
                "delete", "pods", "-l", "app.kubernetes.io/component=operator", "--force", "--grace-period=0");
        }

        var status = await shop.ReachesAsync("payload-cnn-killed", ModelPhase.Promoted, seconds: 120);
        Assert.Equal(
            [ModelPhase.Verifying, ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.Canary, ModelPhase.Promoted],
            status.History.Select(h => h.Phase));
        Assert.Equal(failuresBefore, shop.Traffic.Failures.Count);

        await shop.PatchSpecAsync("payload-cnn-killed", """{"abort": true}""");
        await shop.RestoredAsync("payload-cnn-killed", TimeSpan.FromSeconds(30));
        await Shop.Operator.RunAsync("rollout", "status", "deployment/waf-operator", "--timeout=120s");
    }

    [ClusterFact]
    public async Task With_one_request_a_second_it_stays_inconclusive_and_says_until_when()
    {
        shop.Traffic.Pause();
        try
        {
            await shop.ApplyAsync("trickle", RolloutShop.Builtin("gate", "1.1.0"), """
                  rollout:
                    shadow: {duration: 1s, minimumSamples: 300}
                    analysis: {interval: 1s}
                  evaluation: {maximumLatency: 10s}
                """);
            await shop.ReachesAsync("trickle", ModelPhase.Shadow);
            var status = new ModelVersionStatus();
            for (var second = 0; second < 40 && (status.Samples < 8 || status.EstimatedDecisionTime is null); second++)
            {
                await shop.Traffic.SendOneAsync(second);
                await Task.Delay(TimeSpan.FromSeconds(1));
                status = await shop.StatusAsync("trickle");
            }

            output.WriteLine($"trickle: {status.Message}");
            Assert.Equal((ModelPhase.Shadow, RolloutVerdict.Inconclusive), (status.Phase, status.Verdict));
            // 300 are wanted at about one a second.
            Assert.InRange(
                status.EstimatedDecisionTime!.Value, DateTimeOffset.UtcNow.AddMinutes(2),
                    DateTimeOffset.UtcNow.AddMinutes(15));
        }
        finally
        {
            shop.Traffic.Resume();
        }

        await shop.PatchSpecAsync("trickle", """{"suspend": true}""");
        await Eventually.TrueAsync(TimeSpan.FromSeconds(60), "it is held though enough was seen", async () =>
            await shop.StatusAsync("trickle") is { Phase: ModelPhase.Shadow, Samples: > 300 } held
                && held.Message!.Contains("suspended", StringComparison.Ordinal));
        await shop.PatchSpecAsync("trickle", """{"abort": true}""");
        await shop.RestoredAsync("trickle", TimeSpan.FromSeconds(15));
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
