using System.Security.Cryptography;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Resources.Models;
using Xunit.Abstractions;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>Candidates that must not win: each is stopped where it shows, with the reason and both values.</summary>
[Collection(RolloutCollection.Name)]
public sealed class RefusedCandidateScenarios(RolloutShop shop, ITestOutputHelper output)
{
    private const double ExposureMax = 0.10;

    [ClusterFact]
    public async Task Signed_by_another_key_it_is_refused_before_anything_else()
    {
        using var publishedKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var package = CandidatePackages.GateMovedBy(0.001f, "2.0.0-wrong-key");
        var signature = await shop.SignAsync(package.Identity, "wrong-key", otherKey, publishedKey);

        await shop.ApplyAsync("wrong-key", await shop.OfferAsync(package, signature), RolloutShop.QuickRollout);

        await StopsAsync("wrong-key", ModelPhase.Failed, ModelPhase.Verifying, "signature does not fit");
    }

    [ClusterFact]
    public async Task Rightly_signed_and_swapped_in_transit_it_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var package = CandidatePackages.GateMovedBy(0.002f, "2.0.0-swapped");
        var signature = await shop.SignAsync(package.Identity, "swapped", key, key);
        var other = CandidatePackages.GateMovedBy(-5, "2.0.0-swapped");

        await shop.ApplyAsync(
            "swapped", await shop.OfferAsync(package, signature, instead: other.Archive), RolloutShop.QuickRollout);

        await StopsAsync("swapped", ModelPhase.Failed, ModelPhase.Verifying, "another digest");
    }

    [ClusterFact]
    public async Task Another_shape_than_its_manifest_declares_is_refused()
    {
        var package = CandidatePackages.NetworkOfAnotherShape("2.0.0-shape");

        await shop.ApplyAsync("shape", await shop.OfferAsync(package), RolloutShop.QuickRollout);

        await StopsAsync("shape", ModelPhase.Failed, ModelPhase.Verifying, "pixels");
    }

    [ClusterFact]
    public async Task Weights_of_another_shape_do_not_survive_the_evaluation()
    {
        var package = CandidatePackages.GateOfAnotherShape("2.0.0-weights");

        await shop.ApplyAsync("weights", await shop.OfferAsync(package), RolloutShop.QuickRollout);

        await StopsAsync("weights", ModelPhase.Failed, ModelPhase.Evaluating, "hash bits 17");
    }

    [ClusterFact]
    public async Task Worse_in_recall_it_fails_the_gates_of_the_golden_corpus_with_both_values()
    {
        var package = CandidatePackages.GateMovedBy(-4, "2.0.0-corpus");

        await shop.ApplyAsync("corpus", await shop.OfferAsync(package), RolloutShop.QuickRollout);

        await StopsAsync("corpus", ModelPhase.Failed, ModelPhase.Evaluating, "the promoted version has");
    }

    [ClusterFact]
    public async Task Worse_in_recall_with_a_corpus_that_hides_it_stops_in_shadow()
    {
        var package = CandidatePackages.GateMovedBy(-4, "2.0.0-recall");

        await shop.ApplyAsync(
            "recall", await shop.OfferAsync(package), RolloutShop.QuickRollout, RolloutShop.NoGates);

        await StopsAsync("recall", ModelPhase.RolledBack, ModelPhase.Shadow, "recall: baseline");
    }

    [ClusterFact]
    public async Task Worse_in_false_positives_it_stops_in_canary_and_is_refused_from_then_on()
    {
        var package = CandidatePackages.GateMovedBy(4, "2.0.0-false-positives");
        var manifest = await shop.OfferAsync(package);

        // No time in shadow, so that the canary has to find it.
        await shop.ApplyAsync("false-positives", manifest, RolloutShop.NoGates, """
              rollout:
                shadow: {duration: 1ms, minimumSamples: 0}
                analysis: {interval: 1s, minimumSamples: 400}
            """);
        await StopsAsync("false-positives", ModelPhase.RolledBack, ModelPhase.Canary, "false-positives: baseline");

        await shop.Kubectl.RunAsync("delete", "modelversion", "false-positives");
        await shop.ApplyAsync("false-positives-again", manifest, RolloutShop.NoGates, RolloutShop.QuickRollout);
        await StopsAsync("false-positives-again", ModelPhase.Failed, null, "refused before");
    }

    [ClusterFact]
    public async Task Five_times_slower_it_stops_in_shadow()
    {
        var package = CandidatePackages.SlowNetwork("2.0.0-slow");

        await shop.ApplyAsync("slow", await shop.OfferAsync(package), RolloutShop.QuickRollout, RolloutShop.NoGates);

        await StopsAsync("slow", ModelPhase.RolledBack, ModelPhase.Shadow, "latency: baseline");
    }

    [ClusterFact]
    public async Task Failing_on_what_its_corpus_does_not_have_it_stops_in_shadow()
    {
        var package = CandidatePackages.CrashingNetwork("2.0.0-crash");

        await shop.ApplyAsync("crash", await shop.OfferAsync(package), RolloutShop.QuickRollout, RolloutShop.NoGates);

        // What it cannot score it does not find either: whichever of the two is sure first.
        await StopsAsync("crash", ModelPhase.RolledBack, ModelPhase.Shadow, "(errors|recall): baseline");
        var errors = Assert.Single((await shop.StatusAsync("crash")).Metrics, metric => metric.Name == "errors");
        Assert.NotEqual(errors.Baseline, errors.Candidate);
    }

    /// <summary>Ends as it should, where it should and why; few were touched, and the promoted models stay.</summary>
    private async Task StopsAsync(string name, ModelPhase end, ModelPhase? stoppedIn, string reason)
    {
        var before = shop.Traffic.Sent;
        var status = await shop.ReachesAsync(name, end);
        var exposure = RolloutShop.ExposureOf(status, shop.Traffic.Sent - before);
        output.WriteLine($"{name}: {status.Message} (decided {exposure:P2} of the requests)");

        Assert.Matches(reason, status.Message);
        Assert.Equal(stoppedIn, status.History.Count > 1 ? status.History[^2].Phase : null);
        Assert.True(exposure < ExposureMax, $"it decided {exposure:P1} of the requests");
        Assert.Empty(shop.Traffic.Failures);
        if (end is ModelPhase.RolledBack)
        {
            // Two rounds of asking sidecars, besides the change itself.
            var took = await shop.RestoredAsync(name, TimeSpan.FromSeconds(15));
            output.WriteLine($"{name}: no sidecar used it {took.TotalSeconds:0.0} s later");
        }

        foreach (var model in new[] { "gate-base", "payload-cnn-base" })
            Assert.Equal(ModelPhase.Promoted, (await shop.StatusAsync(model)).Phase);
    }
}
