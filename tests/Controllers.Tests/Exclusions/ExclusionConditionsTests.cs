using WafOperator.Controllers.Exclusions;
using WafOperator.Resources;

namespace WafOperator.Controllers.Tests.Exclusions;

/// <summary>What tools that wait by kstatus' rules make of a WafExclusion.</summary>
public sealed class ExclusionConditionsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);

    [Theory]
    [InlineData(true, "Accepted", "Current")]
    [InlineData(false, "Expired", "Current")]
    [InlineData(false, "PolicyNotFound", "InProgress")]
    [InlineData(false, "ExclusionInvalid", "Failed")]
    [InlineData(false, "ExclusionOutOfBounds", "Failed")]
    public void AnExclusion_HasAnEndThatToolsSee(bool isAccepted, string reason, string expected)
    {
        var conditions = ExclusionConditions.Compute(new(isAccepted, reason, "words"), 7, Now, []);

        Assert.Equal(expected, Is("Stalled") ? "Failed" : Is("Ready") ? "Current" : "InProgress");
        Assert.Equal(isAccepted, Is("Accepted"));
        Assert.All(conditions, c => Assert.Equal((7L, reason), (c.ObservedGeneration, c.Reason)));

        bool Is(string type) => conditions.Single(c => c.Type == type).Status == ConditionStatus.True;
    }

    [Fact]
    public void TransitionTimes_StayWhileTheStatusStays()
    {
        var before = ExclusionConditions.Compute(new(true, "Accepted", "a"), 1, Now, []);
        var after = ExclusionConditions.Compute(new(false, "Expired", "b"), 1, Now.AddHours(1), before);

        Assert.Equal(
            [("Accepted", Now.AddHours(1)), ("Stalled", Now), ("Ready", Now)],
            after.Select(c => (c.Type, c.LastTransitionTime)));
    }
}
