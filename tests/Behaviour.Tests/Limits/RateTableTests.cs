using WafOperator.Behaviour.Keys;
using WafOperator.Behaviour.Limits;
using WafOperator.Fixtures;

namespace WafOperator.Behaviour.Tests.Limits;

public sealed class RateTableTests
{
    /// <summary>Ten units per 10,000 ticks, five at once.</summary>
    private readonly RateTable _table = new(units: 10, periodTicks: 10_000, burst: 5, keysMax: 64);

    [Fact]
    public void Take_BurstThenRate_TellsWaitAndRest()
    {
        Assert.Equal([4, 3, 2, 1, 0], Enumerable.Range(0, 5).Select(_ => _table.Take(1, 0).Remaining));
        Assert.Equal(new RateAnswer(1000, 0), _table.Take(1, 0));
        Assert.Equal(new RateAnswer(1, 0), _table.Take(1, 999));
        Assert.Equal(new RateAnswer(0, 0), _table.Take(1, 1000));
        Assert.Equal(new RateAnswer(0, 4), _table.Take(1, 100_000));
    }

    [Fact]
    public void Take_Costs_AreTakenAtOnce_AndMoreThanTheBurstCountsAsTheBurst()
    {
        Assert.Equal(new RateAnswer(0, 2), _table.Take(1, 0, cost: 3));
        Assert.Equal(1000, _table.Take(1, 0, cost: 3).WaitTicks);
        Assert.Equal(new RateAnswer(0, 0), _table.Take(2, 0, cost: 50));
    }

    [Fact]
    public void Take_CostZero_AsksAndTakesNothing()
    {
        for (var i = 0; i < 20; i++) Assert.Equal(new RateAnswer(0, 5), _table.Take(1, 0, cost: 0));
        _table.Charge(1, 0, 5);
        Assert.Equal(1000, _table.Take(1, 0, cost: 0).WaitTicks);
    }

    [Fact]
    public void Charge_OwesAtMostOneBurst()
    {
        _table.Charge(1, 0, long.MaxValue);
        _table.Charge(1, 0, long.MaxValue);

        Assert.Equal(6000, _table.Take(1, 0).WaitTicks);
        Assert.Equal(0, _table.Take(1, 6000).WaitTicks);
    }

    [Fact]
    public void IsActive_OnlyWhileUnitsAreSpent()
    {
        Assert.False(_table.IsActive(1, 0));
        _table.Take(1, 0);
        Assert.True(_table.IsActive(1, 999));
        Assert.False(_table.IsActive(1, 1000));
    }

    [Fact]
    public void MoreKeysThanRoom_WhoIsLimitedStaysLimited()
    {
        for (var i = 0; i < 5; i++) _table.Take(7, 0);

        for (UInt128 key = 100; key < 5_000; key++) _table.Take(key, 0);

        Assert.True(_table.Take(7, 0).WaitTicks > 0);
        Assert.True(_table.Evicted > 0);
    }

    /// <summary>Against the definition: a request passes when a bucket of tokens has one.</summary>
    [Fact]
    public void Take_AnyTimesAndCosts_AgreeWithABucketOfTokens()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 200; round++)
        {
            var (units, burst) = (random.Next(1, 50), random.Next(1, 50));
            var table = new RateTable(units, units * 1000L, burst, 8);
            double tokens = burst;
            long now = 0;
            for (var i = 0; i < 300; i++)
            {
                var passed = (long)random.Next(0, 1500);
                now += passed;
                tokens = Math.Min(burst, tokens + passed / 1000.0);
                var cost = Math.Min(burst, random.Next(1, 4));
                var passes = tokens >= cost - 1e-9;
                Assert.Equal(passes, table.Take(1, now, cost).WaitTicks == 0);
                if (passes) tokens -= cost;
            }
        }
    }

    [Fact]
    public void Take_AllocatesNothing()
    {
        for (UInt128 key = 0; key < 1000; key++) _table.Take(ClientKeys.Of(key), 0);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (UInt128 key = 0; key < 1000; key++) _table.Take(ClientKeys.Of(key), 0);
        }));
    }
}
