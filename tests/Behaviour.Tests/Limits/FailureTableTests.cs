using WafOperator.Behaviour.Keys;
using WafOperator.Behaviour.Limits;

namespace WafOperator.Behaviour.Tests.Limits;

public sealed class FailureTableTests
{
    /// <summary>Things count 1/e after 1,000 ticks.</summary>
    private readonly FailureTable _table = new(periodTicks: 1000, keysMax: 64);

    [Fact]
    public void FiveFailures_AreFive_TheSixthWaits_AndTimeForgets()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(0, _table.WaitOf(1, 5, 0.5, 0));
            _table.Add(1, isFailure: true, 0);
        }

        var wait = _table.WaitOf(1, 5, 0.5, 0);
        Assert.InRange(wait, 200, 250);
        Assert.True(_table.WaitOf(1, 5, 0.5, wait - 10) > 0);
        Assert.Equal(0, _table.WaitOf(1, 5, 0.5, wait + 1));
        Assert.Equal(0, _table.WaitOf(2, 5, 0.5, 0));
    }

    [Fact]
    public void WhoMostlySucceeds_IsNotLimited()
    {
        for (var i = 0; i < 20; i++) _table.Add(1, isFailure: true, 0);
        Assert.True(_table.WaitOf(1, 5, 0.5, 0) > 0);

        for (var i = 0; i < 21; i++) _table.Add(1, isFailure: false, 0);

        Assert.Equal(0, _table.WaitOf(1, 5, 0.5, 0));
        Assert.True(_table.WaitOf(1, 5, 0, 0) > 0);
    }

    [Fact]
    public void ALimitOfOne_LetsOneTry()
    {
        Assert.Equal(0, _table.WaitOf(1, 1, 0.5, 0));
        _table.Add(1, isFailure: true, 0);
        Assert.InRange(_table.WaitOf(1, 1, 0.5, 0), 600, 750);
    }

    [Fact]
    public void AFloodOfNewKeys_LeavesWhoIsLimited()
    {
        for (var i = 0; i < 10; i++) _table.Add(7, isFailure: true, 0);
        for (UInt128 key = 100; key < 10_000; key++) _table.Add(ClientKeys.Of(key), isFailure: true, 1);

        Assert.True(_table.WaitOf(7, 5, 0.5, 2) > 0);
    }
}
