using WafOperator.Distribution.Policies;

namespace WafOperator.Distribution.Tests;

public sealed class PolicyStoreTests
{
    private static readonly PolicyKey Shop = new("shop", "front");
    private readonly PolicyStore _store = new(TimeProvider.System);

    [Fact]
    public async Task Wait_ForAnotherRevision_ReturnsAtOnce()
    {
        _store.Publish(Shop, Policy("r2"));

        var policy = await _store.WaitAsync(Shop, "r1", TimeSpan.FromMinutes(1), CancellationToken.None);

        Assert.Equal("r2", policy!.Revision);
    }

    [Fact]
    public async Task Wait_ForTheSameRevision_WakesWhenItChanges()
    {
        _store.Publish(Shop, Policy("r1"));
        var waiting = _store.WaitAsync(Shop, "r1", TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        _store.Publish(Shop, Policy("r2"));

        Assert.Equal("r2", (await waiting)!.Revision);
    }

    [Fact]
    public async Task Wait_WithoutAChange_EndsWithWhatIsInForce()
    {
        _store.Publish(Shop, Policy("r1"));

        var policy = await _store.WaitAsync(Shop, "r1", TimeSpan.FromMilliseconds(20), CancellationToken.None);

        Assert.Equal("r1", policy!.Revision);
    }

    [Fact]
    public async Task Remove_WakesThoseWhoWait()
    {
        _store.Publish(Shop, Policy("r1"));
        var waiting = _store.WaitAsync(Shop, "r1", TimeSpan.FromMinutes(1), CancellationToken.None);

        _store.Remove(Shop);

        Assert.Null(await waiting);
    }

    [Fact]
    public async Task Wait_ForUnknownNames_LeavesNothingBehind()
    {
        _store.MarkSynced();
        for (var i = 0; i < 1_000; i++)
            Assert.Null(await _store.WaitAsync(new("shop", $"p{i}"), null, TimeSpan.FromMinutes(1), CancellationToken.None));

        Assert.Equal(0, _store.Count);
    }

    [Fact]
    public void Publish_OfTheSameRevision_IsNoChange()
    {
        Assert.True(_store.Publish(Shop, Policy("r1")));
        Assert.False(_store.Publish(Shop, Policy("r1")));
    }

    private static PublishedPolicy Policy(string revision) => new(revision, "{}"u8.ToArray());
}
