using WafOperator.Rollouts.Training;

namespace WafOperator.Rollouts.Tests.Training;

public sealed class TrainingTriggersTests
{
    /// <summary>Found and looked for at approval, and of late; whether that is a reason.</summary>
    [Theory]
    [InlineData(960, 1000, 900, 1000, true)]
    // Three points on a hundred attacks are noise.
    [InlineData(96, 100, 93, 100, false)]
    [InlineData(9600, 10_000, 9300, 10_000, true)]
    // Surely worse, yet not surely by more than two points.
    [InlineData(96_000, 100_000, 94_100, 100_000, false)]
    [InlineData(9600, 10_000, 9900, 10_000, false)]
    [InlineData(960, 1000, 0, 0, false)]
    [InlineData(0, 0, 0, 1000, false)]
    public void AFall_CountsWhereABoundShowsIt(long found, long total, long recently, long of, bool isReason)
    {
        var verdict = TrainingTriggers.Evaluate(new()
        {
            Approved = new(found, total), Recent = new(recently, of),
        });

        Assert.Equal(isReason, verdict.Causes.Contains(TrainingCause.DetectionFell));
        Assert.Equal(isReason, verdict.Message.Contains("points", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a", "b", true)]
    [InlineData("a", "a", false)]
    [InlineData("", "b", false)]
    [InlineData("a", "", false)]
    public void Digests_CountWhereBothAreKnown(string before, string now, bool isReason)
    {
        Assert.Equal(isReason ? [TrainingCause.RulesChanged] : [], TrainingTriggers.Evaluate(
            new() { RulesDigestBefore = before, RulesDigest = now }).Causes);
        Assert.Equal(isReason ? [TrainingCause.CorpusChanged] : [], TrainingTriggers.Evaluate(
            new() { CorpusDigestBefore = before, CorpusDigest = now }).Causes);
    }

    [Fact]
    public void Drift_AsksPeople_AndTrainsNothing()
    {
        var verdict = TrainingTriggers.Evaluate(new() { HasDrifted = true });

        Assert.Empty(verdict.Causes);
        Assert.True(verdict.AsksForLabels);
        Assert.Contains("label", verdict.Message, StringComparison.Ordinal);
    }
}
