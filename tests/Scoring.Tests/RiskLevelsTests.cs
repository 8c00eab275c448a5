using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Scoring.Tests;

/// <summary>What thresholds and actions of a policy make of a score.</summary>
public sealed class RiskLevelsTests
{
    private static readonly MlPolicy Policy = new()
    {
        MediumThreshold = 0.2, HighThreshold = 0.4, CriticalThreshold = 0.6,
        MediumAction = RiskActionKind.Allow, HighAction = RiskActionKind.Log, CriticalAction = RiskActionKind.Block,
    };

    [Theory]
    [InlineData(0.1, RiskLevel.None, RiskActionKind.Allow)]
    [InlineData(0.2, RiskLevel.Medium, RiskActionKind.Allow)]
    [InlineData(0.4, RiskLevel.High, RiskActionKind.Log)]
    [InlineData(0.6, RiskLevel.Critical, RiskActionKind.Block)]
    public void AScore_HasTheLevelAndActionOfThePolicy(double score, RiskLevel level, RiskActionKind action)
    {
        Assert.Equal(level, RiskLevels.Of(score, Policy));
        Assert.Equal(action, RiskLevels.ActionOf(level, Policy));
    }

    [Fact]
    public void TheThresholdThatBlocks_IsThatOfTheLowestLevelThatDoes()
    {
        Assert.Equal(0.6, RiskLevels.BlockingThreshold(Policy));
        Assert.Equal(0.4, RiskLevels.BlockingThreshold(Policy with { HighAction = RiskActionKind.Block }));
        Assert.Equal(0.2, RiskLevels.BlockingThreshold(Policy with { MediumAction = RiskActionKind.Block }));
    }
}
