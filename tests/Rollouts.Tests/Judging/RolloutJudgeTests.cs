using WafOperator.Protocols.Status;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;
using WafOperator.Rollouts.Statistics;

namespace WafOperator.Rollouts.Tests.Judging;

public sealed class RolloutJudgeTests
{
    private static readonly RolloutSamples Equal = new()
    {
        Pass0C0 = 9_000, Pass1C1 = 50, Attack1C1 = 500, BaselineLatency = Latency(3, 9_500),
            CandidateLatency = Latency(3, 9_500),
    };

    [Fact]
    public void NoTraffic_IsNeitherPassNorFail()
    {
        var judgement = RolloutJudge.Judge(new RolloutSamples(), 1, new JudgeSettings());

        Assert.Equal(RolloutVerdict.Inconclusive, judgement.Verdict);
        Assert.True(judgement.MorePairs >= 2_000);
    }

    [Fact]
    public void SameAnswersEverywhere_Pass() =>
        Assert.Equal(RolloutVerdict.Pass, RolloutJudge.Judge(Equal, 1, new JudgeSettings()).Verdict);

    [Fact]
    public void TooFewSamples_DoNotPassHoweverGood() => Assert.Equal(
        RolloutVerdict.Inconclusive,
            RolloutJudge.Judge(Equal, 1, new JudgeSettings { MinimumSamples = 20_000 }).Verdict);

    [Fact]
    public void FiveTimesSlower_FailsAndNamesLatency()
    {
        var judgement = RolloutJudge.Judge(Equal with { CandidateLatency = Latency(5, 9_500) }, 1, new JudgeSettings());

        Assert.Equal(RolloutVerdict.Fail, judgement.Verdict);
        Assert.Contains("latency", judgement.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void OneBucketSlower_IsWithinTwice_AndPasses() => Assert.Equal(
        RolloutVerdict.Pass,
            RolloutJudge.Judge(Equal with { CandidateLatency = Latency(4, 9_500) }, 1, new JudgeSettings()).Verdict);

    [Fact]
    public void CrashingCandidate_FailsAndNamesErrors()
    {
        var judgement = RolloutJudge.Judge(Equal with { CandidateErrors = 1_000 }, 1, new JudgeSettings());

        Assert.Contains("errors", judgement.Reason, StringComparison.Ordinal);
        Assert.Equal(RolloutVerdict.Fail, judgement.Verdict);
    }

    [Fact]
    public void BlockingCandidate_FailsEarlyWithoutTheMinimum() => Assert.Equal(
        RolloutVerdict.Fail,
        RolloutJudge.Judge(new RolloutSamples { Pass0C0 = 300, Pass0C1 = 60 }, 1, new JudgeSettings()).Verdict);

    [Fact]
    public void FewAttacks_LeaveRecallToTheCorpus()
    {
        var judgement = RolloutJudge.Judge(Equal with { Attack1C1 = 20 }, 1, new JudgeSettings());

        Assert.Equal(RolloutVerdict.None, judgement.Metrics.Single(m => m.Name == "recall").Verdict);
        Assert.Equal(RolloutVerdict.Pass, judgement.Verdict);
    }

    [Theory]
    [InlineData(0.025, 1.959964)]
    [InlineData(0.001, 3.090232)]
    [InlineData(0.5, 0)]
    [InlineData(0.975, -1.959964)]
    public void NormalQuantile_AgreesWithTables(double tail, double z) => Assert.Equal(z, Normal.Quantile(tail), 5);

    [Fact]
    public void AlphaSpending_OverManyLooks_SpendsNoMoreThanAlpha() =>
        Assert.InRange(Enumerable.Range(1, 100_000).Sum(k => AlphaSpending.At(0.01, k)), 0.0099, 0.01);

    [Fact]
    public void AHandfulOfSlowFirstRequests_DoesNotFail()
    {
        var first = new RolloutSamples { Pass0C0 = 3, BaselineLatency = Latency(2, 3),
            CandidateLatency = Latency(8, 3) };
        var many = new RolloutSamples { Pass0C0 = 60, BaselineLatency = Latency(2, 60),
            CandidateLatency = Latency(8, 60) };

        Assert.Equal(RolloutVerdict.Inconclusive, RolloutJudge.Judge(first, 1, new JudgeSettings()).Verdict);
        Assert.Equal(RolloutVerdict.Fail, RolloutJudge.Judge(many, 1, new JudgeSettings()).Verdict);
    }

    [Fact]
    public void Labelled_FewLabelsSayNothing_ManyFailOrPass()
    {
        RolloutVerdict[] Verdicts(RolloutSamples labelled) =>
            [.. RolloutJudge.Labelled(labelled, new JudgeSettings()).Select(m => m.Verdict)];

        Assert.Equal(
            [RolloutVerdict.None, RolloutVerdict.None], Verdicts(new RolloutSamples { Pass0C0 = 5, Attack1C1 = 5 }));
        Assert.Equal(RolloutVerdict.Fail, Verdicts(new RolloutSamples { Pass0C1 = 15, Pass0C0 = 15 })[0]);
        Assert.Equal(RolloutVerdict.Pass, Verdicts(new RolloutSamples { Pass1C0 = 100, Pass0C0 = 900 })[0]);
    }

    private static long[] Latency(int bucket, long count)
    {
        var buckets = new long[RolloutCounters.LatencyBuckets.Count + 1];
        buckets[bucket] = count;
        return buckets;
    }
}
