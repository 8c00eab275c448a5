using WafOperator.Behaviour.Holds;

namespace WafOperator.Behaviour.Tests.Holds;

public sealed class HoldTableTests
{
    private readonly HoldTable _table = new(3);

    [Fact]
    public void Begin_HoldsForItsTime_AndAskingAgainDoesNotProlong()
    {
        Assert.True(_table.Begin(1, new Hold("a", "x", 0, 100)));
        Assert.False(_table.Begin(1, new Hold("a", "x", 50, 1000)));

        Assert.Equal(40, _table.RemainingOf(1, 60));
        Assert.Equal(0, _table.RemainingOf(1, 100));
        Assert.Equal(0, _table.Count);
        Assert.True(_table.Begin(1, new Hold("a", "x", 100, 200)));
        Assert.Equal(2, _table.Begun);
    }

    [Fact]
    public void Begin_MoreThanThereIsRoomFor_TheOneThatEndsFirstGoes()
    {
        for (UInt128 i = 1; i <= 4; i++) _table.Begin(i, new Hold($"{i}", "x", 0, 1000 - (long)i * 100));

        Assert.Equal([true, true, false, true],
            Enumerable.Range(1, 4).Select(i => _table.RemainingOf((UInt128)i, 0) > 0));
        Assert.Equal((3, 1L), (_table.Count, _table.Displaced));
    }

    [Fact]
    public void Release_LetsGo()
    {
        _table.Begin(1, new Hold("a", "x", 0, 100));

        Assert.True(_table.Release(1));
        Assert.False(_table.Release(1));
        Assert.Equal(0, _table.RemainingOf(1, 0));
    }
}
