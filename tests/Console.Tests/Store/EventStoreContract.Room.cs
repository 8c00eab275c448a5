using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Store;

/// <summary>A store that is full.</summary>
public abstract partial class EventStoreContract
{
    /// <summary>Bytes that are kept where a test fills the store.</summary>
    protected const long Room = 8 << 20;

    /// <summary>What an event of these tests takes at least, in bytes, without indices.</summary>
    private const int EventBytes = 8_000;
    private const int BatchSize = 100;

    /// <summary>The same database, with a bound.</summary>
    protected abstract IEventStore Bounded(long keepBytes);

    [Fact]
    public async Task AFlood_TakesNoMoreThanItsBound_AndTheNewestStay()
    {
        await using var store = Bounded(Room);
        var empty = (await store.StateAsync(default)).Bytes;
        SecurityEvent? first = null, last = null;
        var sent = 0;
        // Three times as much as fits, over one day and then another.
        for (var bytes = 0L; bytes < 3 * Room; bytes += BatchSize * EventBytes)
        {
            var time = TestEvents.Now.AddDays(bytes < Room ? -2 : 0).AddHours(-1).AddSeconds(sent);
            var batch = Flood("shop", time, BatchSize);
            first ??= batch[0];
            last = batch[^1];
            Assert.Equal(new AddResult(BatchSize, 0), await store.AddAsync(batch));
            sent += BatchSize;
        }

        var state = await store.StateAsync(default);
        Assert.InRange(state.Bytes, 1, empty + 2 * Room);
        Assert.Null(await store.FindAsync("shop", first!.Id, default));
        Assert.NotNull(await store.FindAsync("shop", last!.Id, default));
        // What is there and what went is what came; an attack still counts all of its events.
        var left = await CountAsync(store);
        Assert.Equal((Room, sent), (state.KeepBytes, left + state.Dropped));
        Assert.InRange(left, Room / EventBytes / 8, sent - 1);
        Assert.NotNull(state.LastDropped);
        Assert.Empty(await store.LabelsAsync("shop", first.Id, default));
    }

    [Fact]
    public async Task WithoutABound_NothingGoes()
    {
        await using var store = Bounded(0);
        var from = TestEvents.Now.AddHours(-1);
        for (var i = 0; i < 15; i++) await store.AddAsync(Flood("shop", from.AddSeconds(i * 100), BatchSize));
        var state = await store.StateAsync(default);
        Assert.Equal((0, 0, 1_500), (state.KeepBytes, state.Dropped, await CountAsync(store)));
    }

    /// <summary>Events of some kilobytes that no compression makes small.</summary>
    protected static SecurityEvent[] Flood(string ns, DateTimeOffset from, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => TestEvents.Attack(from.AddMilliseconds(i), ns) with
        {
            Rules =
            [
                .. Enumerable.Range(0, 40).Select(static n => new RuleMatch
                {
                    Id = 942100 + n, Message = string.Concat(Enumerable.Range(0, 6).Select(_ => $"{Guid.NewGuid():n}")),
                    Severity = "Critical", Variable = "ARGS:q",
                }),
            ],
        }),
    ];

    protected static async Task<long> CountAsync(IEventStore store, string? ns = null)
    {
        long count = 0;
        for (long at = 0; await store.ReadOnAsync(at, 1_000, false, default) is { Count: > 0 } some;)
        {
            count += some.Count(e => ns is null || e.Row.Namespace == ns);
            at = some[^1].Row.Sequence;
        }

        return count;
    }
}
