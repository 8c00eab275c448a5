using WafOperator.Protocols.Learning;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Learning;

namespace WafOperator.Scoring.Tests.Learning;

public sealed class SiteLearnerTests
{
    private const double Base = 0.9;
    private const ulong Field = 42;
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Apply_OnAFieldThatScoresHighForEverybody_RaisesItsThresholdStepByStep()
    {
        var learner = Learner(LearningKind.Apply);
        Fill(learner, clients: 400, score: 0.95, windows: 12);

        var threshold = learner.ThresholdOf(Field);
        Assert.InRange(threshold, 0.95, 0.98);
    }

    [Fact]
    public void Apply_NeverExceedsTheCeiling_WhateverTrafficDoes()
    {
        var learner = Learner(LearningKind.Apply);
        Fill(learner, clients: 2_000, score: 0.9999, windows: 40);

        Assert.True(learner.ThresholdOf(Field) <= 0.98);
    }

    [Fact]
    public void Adaptive_RisesOneStepAWindowWhileTooMuchIsFlagged_AndFallsBackWhenItIsNot()
    {
        var learner = Learner(LearningKind.Adaptive);
        Fill(learner, clients: 400, score: 0.93, windows: 1);
        Assert.Equal(Stepped(1), learner.ThresholdOf(Field), 6);
        Fill(learner, clients: 400, score: 0.93, windows: 1);
        Assert.Equal(Stepped(2), learner.ThresholdOf(Field), 6);
        Fill(learner, clients: 400, score: 0.93, windows: 10);
        // 0.93 is reached by nobody any more once the threshold is above it: then it is let down again, never far.
        Assert.InRange(learner.ThresholdOf(Field), Stepped(3), Stepped(5));

        Fill(learner, clients: 400, score: 0.1, windows: 12);
        Assert.Equal(Base, learner.ThresholdOf(Field), 6);
    }

    [Fact]
    public void Adaptive_NeverExceedsTheCeiling_AndStaysWhereAWindowSaysNothing()
    {
        var learner = Learner(LearningKind.Adaptive);
        Fill(learner, clients: 400, score: 0.9999, windows: 100);
        Assert.Equal(0.98, learner.ThresholdOf(Field), 6);

        Fill(learner, clients: SiteLearner.WindowMin / 2, score: 0.1, windows: 5);
        Assert.Equal(0.98, learner.ThresholdOf(Field), 6);
    }

    /// <summary>So many steps of the adaptive mode above the base.</summary>
    private static double Stepped(int steps) =>
        1 / (1 + Math.Exp(-(Math.Log(Base / (1 - Base)) + (steps * SiteLearner.AdaptiveStep))));

    [Fact]
    public void OneClient_HoweverBusy_MovesNothing()
    {
        var learner = Learner(LearningKind.Apply);
        for (var window = 0; window < 20; window++)
        {
            for (var i = 0; i < 10_000; i++)
            {
                learner.Count(wouldBlock: false);
                learner.Observe(Field, client: 7, score: 0.999);
            }

            _clock.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.True(learner.ThresholdOf(Field) <= Base);
    }

    [Fact]
    public void ABurst_MovesAtMostOneStepAWindow()
    {
        var learner = Learner(LearningKind.Apply);
        Fill(learner, clients: 2_000, score: 0.9999, windows: 1);

        // 0.9 is 2.2 in log-odds; one step of 0.5 is 0.937.
        Assert.InRange(learner.ThresholdOf(Field), Base, 0.9375);
    }

    [Fact]
    public void Propose_ShowsButDoesNotApply()
    {
        var learner = Learner(LearningKind.Propose);
        Fill(learner, clients: 400, score: 0.95, windows: 5);

        Assert.Equal(0, learner.ThresholdOf(Field));
        Assert.True(learner.Report().ProposedThreshold > Base);
        Assert.Null(learner.Report().AppliedThreshold);
    }

    [Fact]
    public void SafeToEnforce_NeedsTheMinimumAndFewBlocks()
    {
        var learner = Learner(LearningKind.Propose);
        for (var i = 0; i < 50; i++) learner.Count(wouldBlock: false);
        Assert.False(learner.Report().SafeToEnforce);
        for (var i = 0; i < 20_000; i++) learner.Count(wouldBlock: false);
        Assert.True(learner.Report().SafeToEnforce);
        for (var i = 0; i < 2_000; i++) learner.Count(wouldBlock: true);
        Assert.False(learner.Report().SafeToEnforce);
    }

    [Fact]
    public void SaveAndMerge_KeepWhatWasLearned()
    {
        var learner = Learner(LearningKind.Propose);
        Fill(learner, clients: 400, score: 0.95, windows: 2);
        var other = Learner(LearningKind.Propose);

        Assert.True(other.Merge(learner.Save()));
        Assert.Equal(learner.Report().Requests, other.Report().Requests);
        Assert.Equal(learner.Report().ProposedThreshold, other.Report().ProposedThreshold);
    }

    /// <summary>Requests without what they would have blocked would look safe to enforce after every restart.</summary>
    [Fact]
    public void SaveAndMerge_KeepWhatWouldHaveBeenBlocked()
    {
        var learner = Learner(LearningKind.Propose);
        for (var i = 0; i < 20_000; i++) learner.Count(wouldBlock: i % 10 == 0);
        Assert.False(learner.Report().SafeToEnforce);
        var restarted = Learner(LearningKind.Propose);
        Assert.True(restarted.Merge(learner.Save()));

        Assert.Equal(2_000, restarted.Report().WouldBlock);
        Assert.False(restarted.Report().SafeToEnforce);
    }

    [Fact]
    public void Merge_UnderAnotherThreshold_KeepsScoresAndCountsAnew()
    {
        var learner = Learner(LearningKind.Propose);
        Fill(learner, clients: 400, score: 0.95, windows: 2);
        var other = Learner(LearningKind.Propose, threshold: 0.5);
        Assert.True(other.Merge(learner.Save()));

        Assert.Equal(0, other.Report().Requests);
        Assert.NotNull(other.Report().ProposedThreshold);
        Assert.False(other.Report().SafeToEnforce);
    }

    [Fact]
    public void Merge_OfDamagedBytes_ChangesNothing()
    {
        const int seed = 99;
        var random = new Random(seed);
        var learner = Learner(LearningKind.Propose);
        Fill(learner, clients: 30, score: 0.5, windows: 1);
        var saved = learner.Save();
        for (var i = 0; i < 300; i++) Assert.False(learner.Merge(saved.AsMemory(0, random.Next(saved.Length))), $"seed {seed}, input {i}");
    }

    [Fact]
    public void Adopt_OfWhatOthersSaw_AppliesWithoutOwnTraffic_WithinTheSameBounds()
    {
        var busy = Learner(LearningKind.Apply);
        Fill(busy, clients: 400, score: 0.95, windows: 4);
        var fresh = Learner(LearningKind.Apply);

        fresh.Adopt(LearnedScores.Merge([busy.Own(), fresh.Own()]));
        var threshold = fresh.ThresholdOf(Field);
        for (var window = 0; window < 6; window++)
        {
            _clock.Advance(TimeSpan.FromMinutes(10));
            fresh.Observe(1, 1, 0.01);
            Assert.InRange(fresh.ThresholdOf(Field), threshold, Next(threshold));
            threshold = fresh.ThresholdOf(Field);
        }

        Assert.InRange(threshold, 0.95, 0.98);
    }

    [Fact]
    public void Own_AfterAdopting_ReportsNothingThatOthersSaw()
    {
        var busy = Learner(LearningKind.Apply);
        Fill(busy, clients: 400, score: 0.95, windows: 2);
        var fresh = Learner(LearningKind.Apply);
        fresh.Adopt(busy.Own());

        Assert.Equal((0, 0), (fresh.Own().Requests, fresh.Own().All.Total));
        Assert.Equal(0, fresh.Own().Fields.Values.Sum(sketch => sketch.Total));
    }

    [Fact]
    public void Adopt_OfAReplicaUnderOneClientsFire_MovesNothing()
    {
        var attacked = Learner(LearningKind.Apply);
        for (var window = 0; window < 20; window++)
        {
            for (var i = 0; i < 2_000; i++)
            {
                attacked.Count(wouldBlock: false);
                attacked.Observe(Field, client: 7, score: 0.999);
            }

            _clock.Advance(TimeSpan.FromMinutes(10));
        }

        var other = Learner(LearningKind.Apply);
        other.Adopt(LearnedScores.Merge([attacked.Own()]));
        for (var window = 0; window < 10; window++)
        {
            _clock.Advance(TimeSpan.FromMinutes(10));
            other.Observe(1, 1, 0.01);
        }

        Assert.True(other.ThresholdOf(Field) <= Base);
    }

    [Fact]
    public void Fields_AreBounded()
    {
        var learner = Learner(LearningKind.Propose);
        for (ulong field = 0; field < 5_000; field++) learner.Observe(field, field, 0.1);

        Assert.True(learner.Save().Length < 400_000);
    }

    /// <summary>One step of log-odds further; the first threshold is none, and counts as the base.</summary>
    private static double Next(double threshold)
    {
        var p = Math.Max(threshold, Base);
        return 1 / (1 + Math.Exp(-(Math.Log(p / (1 - p)) + SiteLearner.StepMax))) + 1e-9;
    }

    private SiteLearner Learner(LearningKind mode, double threshold = Base) => new(
        new LearningPolicy { Mode = mode, MinimumRequests = 100, TargetFalsePositiveRate = 0.01, Ceiling = 0.98 }, threshold, _clock);

    private void Fill(SiteLearner learner, int clients, double score, int windows)
    {
        for (var window = 0; window < windows; window++)
        {
            for (var client = 1; client <= clients; client++)
            {
                learner.Count(wouldBlock: false);
                learner.Observe(Field, (ulong)client * 0x9E3779B97F4A7C15, score);
            }

            _clock.Advance(TimeSpan.FromMinutes(10));
        }

        learner.Observe(1, 1, 0.01);
    }
}
