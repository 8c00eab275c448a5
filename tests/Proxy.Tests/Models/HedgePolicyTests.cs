using WafOperator.Proxy.Models.Pool;

namespace WafOperator.Proxy.Tests.Models;

public sealed class HedgePolicyTests
{
    private readonly HedgePolicy _hedging = new();

    [Fact]
    public void Delay_IsUnknownAtFirst_AndThenTheSlowestFewDecideIt()
    {
        for (var i = 1; i < HedgePolicy.SamplesMin; i++) _hedging.Answered(TimeSpan.FromMilliseconds(1));
        Assert.Null(_hedging.Delay);

        for (var i = 0; i < HedgePolicy.Window; i++) _hedging.Answered(TimeSpan.FromMilliseconds(i % 20 == 0 ? 9 : 1));

        Assert.InRange(_hedging.Delay!.Value.TotalMilliseconds, 1, 9);
    }

    [Fact]
    public void Delay_FollowsWhatTheCallsTakeNow()
    {
        for (var i = 0; i < HedgePolicy.Window; i++) _hedging.Answered(TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < HedgePolicy.Window; i++) _hedging.Answered(TimeSpan.FromMilliseconds(7));

        Assert.Equal(7, _hedging.Delay!.Value.TotalMilliseconds);
    }

    [Fact]
    public void Hedges_AreASmallShareOfTheCalls_HoweverManyAreWanted()
    {
        var hedges = 0;
        for (var i = 0; i < 10_000; i++)
        {
            _hedging.Called();
            if (_hedging.TryTake()) hedges++;
        }

        Assert.InRange(hedges, (int)(10_000 * HedgePolicy.ShareMax) - 1, (int)(10_000 * HedgePolicy.ShareMax));
    }

    [Fact]
    public void AQuietTime_SavesUpOnlyABurst()
    {
        for (var i = 0; i < 10_000; i++) _hedging.Called();

        var hedges = 0;
        while (_hedging.TryTake()) hedges++;

        Assert.Equal((int)HedgePolicy.BurstMax, hedges);
    }
}
