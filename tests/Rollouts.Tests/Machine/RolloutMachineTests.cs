using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Rollouts.Tests.Machine;

public sealed class RolloutMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PromotedVersion Baseline = new("1.0.0", "sha256:base");

    private static readonly RolloutSamples Good = new() { Pass0C0 = 10_000, Attack1C1 = 500 };
    private static readonly RolloutSamples Bad = new() { Pass0C0 = 9_000, Pass0C1 = 1_000, Attack1C1 = 500 };

    [Fact]
    public void Pending_WaitsInLineAndSaysForWhom()
    {
        var next = Next(Inputs(ModelPhase.Pending) with { IsFirstInLine = false, WaitsFor = "cnn-2" });

        Assert.Equal(ModelPhase.Pending, next.Phase);
        Assert.Contains("cnn-2", next.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FirstVersionOfAFamily_IsPromotedByItsEvaluation()
    {
        var next = Next(Inputs(
            ModelPhase.Evaluating) with { Promoted = null, Evaluation = new(StageOutcome.Succeeded, "recall 0.98") });

        Assert.Equal((ModelPhase.Promoted, 100), (next.Phase, next.Weight));
    }

    [Fact]
    public void FirstVersionOfAFamily_WhereAPolicyEnforces_WaitsForAPerson()
    {
        var first = Inputs(ModelPhase.Evaluating) with
        {
            Promoted = null, Evaluation = new(StageOutcome.Succeeded, "recall 0.98"), EnforcedBy = ["shop"],
            Generation = 7,
        };

        var waiting = RolloutMachine.Next(first);
        Assert.Equal((ModelPhase.Evaluating, 7L), (waiting.Status.Phase, waiting.Status.ObservedGeneration));
        Assert.Contains("WafPolicy shop enforces", waiting.Status.Message, StringComparison.Ordinal);
        Assert.Equal(waiting.Status.Message, waiting.Event);
        Assert.NotNull(waiting.LookAgain);
        // Said once, not with every look.
        Assert.Null(RolloutMachine.Next(first with { Status = waiting.Status }).Event);

        Assert.Equal(ModelPhase.Promoted, Next(first with { ApprovedStep = 1 }).Phase);
        Assert.Equal(ModelPhase.Promoted, Next(first with { EnforcedBy = [] }).Phase);
        Assert.Equal(ModelPhase.Shadow, Next(first with { Promoted = Baseline }).Phase);
        Assert.Equal(ModelPhase.Failed,
            Next(first with { Evaluation = new(StageOutcome.Failed, "no"), ApprovedStep = 1 }).Phase);
    }

    [Theory]
    [InlineData(ModelPhase.Verifying)]
    [InlineData(ModelPhase.Evaluating)]
    public void AStageThatFails_FailsTheVersionWithItsWords(ModelPhase phase)
    {
        var failed = new StageResult(StageOutcome.Failed, "wrong signature");
        var next = Next(Inputs(phase) with { Verification = failed, Evaluation = failed });

        Assert.Equal((ModelPhase.Failed, "wrong signature"), (next.Phase, next.Message));
    }

    [Fact]
    public void Shadow_GoesOnToTenPercentOnlyAfterTimeAndSamples()
    {
        var shadow = Inputs(ModelPhase.Shadow) with { Samples = Good };

        Assert.Equal(ModelPhase.Shadow, Next(shadow with { Now = Start.AddSeconds(59) }).Phase);
        Assert.Equal(ModelPhase.Shadow, Next(shadow with { Samples = new(), Now = Start.AddHours(1) }).Phase);
        var canary = Next(shadow with { Now = Start.AddSeconds(61) });
        Assert.Equal((ModelPhase.Canary, 10), (canary.Phase, canary.Weight));
        Assert.Equal(Baseline.Digest, canary.BaselineDigest);
    }

    [Fact]
    public void Canary_WithGoodNumbers_IsPromoted() =>
        Assert.Equal(ModelPhase.Promoted,
            Next(Inputs(ModelPhase.Canary) with { Samples = Good, Now = Start.AddMinutes(1) }).Phase);

    [Theory]
    [InlineData(ModelPhase.Shadow)]
    [InlineData(ModelPhase.Canary)]
    public void BadNumbers_RollBackWithBothValues(ModelPhase phase)
    {
        var next = Next(Inputs(phase) with { Samples = Bad, Now = Start.AddSeconds(31) });

        Assert.Equal((ModelPhase.RolledBack, 0), (next.Phase, next.Weight));
        Assert.Contains("baseline 0.0000, candidate 0.1000", next.Message, StringComparison.Ordinal);
        Assert.Contains(next.Metrics, m => m.Name == "false-positives" && m.Verdict is RolloutVerdict.Fail);
    }

    [Fact]
    public void Interval_IsTheTimeToTheFirstLook()
    {
        var canary = Inputs(ModelPhase.Canary) with { Samples = Good, Now = Start.AddMinutes(1) };
        var spec = canary.Spec with { Rollout = (canary.Spec.Rollout
            ?? new()) with { Analysis = new() { Interval = "10m" } } };

        Assert.Equal(ModelPhase.Promoted, Next(canary).Phase);
        var waits = Next(canary with { Spec = spec });
        Assert.Equal(ModelPhase.Canary, waits.Phase);
        Assert.Contains("first look after 10m", waits.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MaximumRegressionPercent_DecidesWhatIsWorse()
    {
        var canary = Inputs(ModelPhase.Canary) with { Samples = Bad, Now = Start.AddMinutes(1) };
        var spec = canary.Spec with
        {
            Rollout = (canary.Spec.Rollout ?? new()) with { Analysis = new() { MaximumRegressionPercent = "60" } },
        };

        Assert.Equal(ModelPhase.RolledBack, Next(canary).Phase);
        Assert.NotEqual(ModelPhase.RolledBack, Next(canary with { Spec = spec }).Phase);
    }

    [Fact]
    public void Exposure_IsCountedOverAllStepsAndSaid()
    {
        var shadow = Inputs(ModelPhase.Shadow) with { Samples = Good with { BaselineDecided = 900 },
            Now = Start.AddMinutes(2) };
        var canary = Next(shadow);
        var bad = Bad with { BaselineDecided = 90, CandidateDecided = 10 };
        var end = Next(shadow with { Status = canary, Samples = bad, Now = Start.AddMinutes(3) });

        Assert.Equal((ModelPhase.Canary, ModelPhase.RolledBack), (canary.Phase, end.Phase));
        Assert.Contains("it decided 10 of 1000 requests (1 %)", end.Message, StringComparison.Ordinal);
        Assert.Contains(end.Counters, c => c is { Name: "baselineDecided", Value: 990 });
    }

    [Fact]
    public void LittleTraffic_StaysInconclusiveAndSaysUntilWhen()
    {
        var samples = new RolloutSamples { Pass0C0 = 60 };
        var next = Next(Inputs(ModelPhase.Canary) with { Samples = samples, Now = Start.AddMinutes(1) });

        Assert.Equal((ModelPhase.Canary, RolloutVerdict.Inconclusive), (next.Phase, next.Verdict));
        // One pair a second, 2,000 wanted.
        Assert.InRange(next.EstimatedDecisionTime!.Value, Start.AddMinutes(30), Start.AddMinutes(40));
    }

    [Fact]
    public void Shadow_WithOneRequestASecond_SaysWhenItsSamplesAreThere()
    {
        var samples = new RolloutSamples { Pass0C0 = 7, Attack1C1 = 3 };
        var next = Next(Inputs(ModelPhase.Shadow) with { Samples = samples, Now = Start.AddSeconds(10) });

        Assert.Equal((ModelPhase.Shadow, RolloutVerdict.Inconclusive), (next.Phase, next.Verdict));
        // One pair a second, 500 wanted.
        Assert.Equal(Start.AddSeconds(500), next.EstimatedDecisionTime);
    }

    [Fact]
    public void NoTraffic_IsNeitherPassNorFail_UntilTheTimeOutSaysWhat()
    {
        var canary = Inputs(ModelPhase.Canary) with { Now = Start.AddHours(25) };

        Assert.Equal(ModelPhase.Canary, Next(canary).Phase);
        Assert.Equal(ModelPhase.RolledBack, Next(canary with { Spec = SpecWith(InconclusiveAction.RollBack) }).Phase);
        Assert.Equal(ModelPhase.Promoted, Next(canary with { Spec = SpecWith(InconclusiveAction.Promote) }).Phase);
    }

    [Theory]
    [InlineData(ModelPhase.Pending)]
    [InlineData(ModelPhase.Verifying)]
    [InlineData(ModelPhase.Shadow)]
    [InlineData(ModelPhase.Canary)]
    public void Abort_RollsBackFromAnywhere(ModelPhase phase)
    {
        var inputs = Inputs(phase);

        Assert.Equal(ModelPhase.RolledBack, Next(inputs with { Spec = inputs.Spec with { Abort = true } }).Phase);
    }

    [Fact]
    public void Suspend_HoldsGoodNumbersButNotBadOnes()
    {
        var held = Inputs(ModelPhase.Canary) with { Samples = Good, Now = Start.AddMinutes(1) };
        held = held with { Spec = held.Spec with { Suspend = true } };

        Assert.Equal(ModelPhase.Canary, Next(held).Phase);
        Assert.Equal(ModelPhase.RolledBack, Next(held with { Samples = Bad }).Phase);
    }

    [Theory]
    [InlineData(ModelPhase.RolledBack)]
    [InlineData(ModelPhase.Superseded)]
    [InlineData(ModelPhase.Failed)]
    public void TerminalPhases_AreNeverLeft(ModelPhase phase)
    {
        var inputs = Inputs(phase) with { Samples = Good, Now = Start.AddDays(1) };

        Assert.Equal(
            inputs.Status with { ObservedGeneration = inputs.Generation }, RolloutMachine.Next(inputs).Status);
    }

    [Fact]
    public void ManualStep_WaitsForItsNumber()
    {
        var spec = new ModelVersionSpec { Rollout =
            new RolloutSpec { Steps = [new() { Weight = 10 }, new() { Weight = 50, Manual = true }] } };
        var canary = Inputs(ModelPhase.Canary) with { Spec = spec, Samples = Good, Now = Start.AddMinutes(1) };

        Assert.Equal((ModelPhase.Canary, 10), (Next(canary).Phase, Next(canary).Weight));
        var approved = Next(canary with { ApprovedStep = 2 });
        Assert.Equal((ModelPhase.Canary, 50, 1), (approved.Phase, approved.Weight, approved.Step));
    }

    [Fact]
    public void AChangedBaseline_EndsTheComparisonAndRejectsNothing() => Assert.Equal(
        ModelPhase.Failed,
        Next(Inputs(ModelPhase.Canary) with { Promoted = new("1.0.1", "sha256:other"), Samples = Good,
            Now = Start.AddMinutes(1) }).Phase);

    [Fact]
    public void ASidecarThatCannotLoadIt_RollsBack() => Assert.Equal(
        ModelPhase.RolledBack, Next(Inputs(ModelPhase.Shadow) with { LoadFailure = "wrong shape" }).Phase);

    [Fact]
    public void KilledAtEveryTransition_EndsWhereAnUnbrokenRunEnds()
    {
        // The status is all that is carried from one step to the next, which is what a restarted operator has.
        var status = new ModelVersionStatus();
        var promotions = 0;
        for (var second = 0; second < 600 && status.Phase is not ModelPhase.Promoted; second += 5)
        {
            var now = Start.AddSeconds(second);
            var done = new StageResult(StageOutcome.Succeeded, "ok");
            var samples = new RolloutSamples { Pass0C0 = second * 100, Attack1C1 = second * 10 };
            var next = RolloutMachine.Next(new RolloutInputs
            {
                Spec = new ModelVersionSpec(), Status = status, IsFirstInLine = true, Promoted = Baseline,
                    Verification = done,
                Evaluation = done, Samples = samples, Now = now,
            });
            if (next.Status.Phase is ModelPhase.Promoted) promotions++;
            status = next.Status;
        }

        Assert.Equal((ModelPhase.Promoted, 1), (status.Phase, promotions));
        Assert.Equal(
            [ModelPhase.Verifying, ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.Canary, ModelPhase.Promoted],
            status.History.Select(h => h.Phase));
    }

    private static ModelVersionStatus Next(RolloutInputs inputs) => RolloutMachine.Next(inputs).Status;

    private static RolloutInputs Inputs(ModelPhase phase) => new()
    {
        Spec = new ModelVersionSpec { Model = "payload-cnn", Version = "1.1.0" }, Status = Status(phase),
            IsFirstInLine = true,
        Promoted = Baseline, Now = Start,
    };

    private static ModelVersionStatus Status(ModelPhase phase) => new()
    {
        Phase = phase, PhaseStartedAt = Start, StepStartedAt = Start, Weight = phase is ModelPhase.Canary ? 10 : 0,
        Baseline = Baseline.Version, BaselineDigest = Baseline.Digest,
    };

    private static ModelVersionSpec SpecWith(InconclusiveAction action) =>
        new() { Rollout = new RolloutSpec { Analysis = new AnalysisSpec { OnInconclusive = action } } };
}
