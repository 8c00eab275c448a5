using WafOperator.Protocols.Status;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Rollouts.Tests.Judging;

public sealed class SampleSumTests
{
    [Theory]
    [InlineData(new long[] { 1_000, 1_000, 1_000 }, 3_000)]
    [InlineData(new long[] { 1_000, 1_000, 1_000_000 }, 4_000)]
    [InlineData(new long[] { 0, 0, 0, 1_000 }, 1_000)]
    [InlineData(new long[] { 100, 10_000 }, 10_100)]
    [InlineData(new long[] { 7 }, 7)]
    [InlineData(new long[] { }, 0)]
    public void Sum_NoProcessCountsForMoreThanTwiceTheMedian(long[] pairs, long expected) =>
        Assert.Equal(expected, RolloutSamples.Sum([.. pairs.Select(Agreeing)]).Pairs);

    /// <summary>A liar among five cannot make a good candidate look worse than two honest ones could.</summary>
    [Fact]
    public void Sum_OneLiarAmongFive_IsOutweighed()
    {
        var honest = Enumerable.Repeat(Agreeing(10_000), 4);
        var liar = new RolloutSamples { Pass0C1 = StatusCountMax };

        var sum = RolloutSamples.Sum([.. honest, liar]);

        Assert.Equal((40_000, 20_000), (sum.Pass0C0, sum.Pass0C1));
    }

    [Fact]
    public void Of_NegativeOrContradictoryCounters_GivesNoNegativeCell()
    {
        var samples = RolloutSamples.Of(new RolloutCounters
        {
            Model = "gate", BaselineDigest = "a", CandidateDigest = "b",
            PairsB0C0 = 5, AttackB0C0 = 9, PairsB0C1 = -4, CandidateErrors = -1, BaselineLatency = [-3, 4],
        });

        Assert.Equal((0, 5, 0, 0), (samples.Pass0C0, samples.Attack0C0, samples.Pass0C1, samples.CandidateErrors));
        Assert.Equal([0, 4], samples.BaselineLatency);
    }

    private const long StatusCountMax = 1_000_000_000_000;

    private static RolloutSamples Agreeing(long pairs) => new() { Pass0C0 = pairs };
}
