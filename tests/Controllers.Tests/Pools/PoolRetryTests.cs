using WafOperator.Controllers.Pools;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>How often all nodes and their pods are read for a pool that waits for a better rung.</summary>
public sealed class PoolRetryTests
{
    [Theory]
    [InlineData("1us", 15)]
    [InlineData("14s", 15)]
    [InlineData("15s", 15)]
    [InlineData("10m", 600)]
    public void RetryAfterOf_AnythingThatIsSaid_IsAQuarterOfAMinuteOrMore(string said, int seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds), PoolController.RetryAfterOf(new InferencePoolSpec { RetryAfter = said }));
}
