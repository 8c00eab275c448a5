using WafOperator.Proxy.Reporting;

namespace WafOperator.Proxy.Tests.Reporting;

public sealed class EventIdsTests
{
    [Fact]
    public async Task Next_OnManyThreads_NeverGivesAnIdTwice()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 5_000).Select(_ => EventIds.Next(TimeProvider.System)).ToArray())));
        Assert.Equal(20_000, ids.SelectMany(static part => part).Distinct().Count());
    }

    [Fact]
    public void Next_LaterMoment_SortsBehind()
    {
        var early = EventIds.Next(new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddMilliseconds(1)));
        var late = EventIds.Next(new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddMilliseconds(2)));
        Assert.True(early < late);
        Assert.Equal((UInt128)1, early >> 80);
    }
}
