using System.Globalization;
using WafOperator.Console.Store;

namespace WafOperator.Console.Sinks;

/// <summary>What became of events in one step.</summary>
/// <param name="HasMore">There may be more at once.</param>
/// <param name="Sent">The server took them.</param>
/// <param name="LeftOut">Allowed ones that a sink was too far behind for.</param>
/// <param name="Refused">The server refuses them for good.</param>
internal readonly record struct SinkStep(bool HasMore, long Sent, long LeftOut, long Refused);

/// <summary>
/// The events that one sink is still to be sent, in the order in which they arrived, from a cursor that the store
/// keeps: the store is the spool. An event is sent at least once, with the same id each time; what the server refuses
/// for good is set aside after a few tries. Whoever holds the sink's lease steps; not thread-safe.
/// </summary>
internal sealed class SinkFeed(SinkOptions options, IEventStore store, ILogger logger)
{
    /// <summary>Kind of the documents with a sink's place, named as the sinks are.</summary>
    public const string CursorKind = "cursor";

    private readonly SinkSender _sender = new(options);
    private long _at;
    private int _batch = options.BatchMax;
    private int _read;
    private (long At, int Tries) _refused;

    /// <summary>Sends the next events and moves the cursor.</summary>
    /// <exception cref="SinkException">The server did not take them; they come again.</exception>
    public async Task<SinkStep> StepAsync(SinkSession session, CancellationToken cancellationToken)
    {
        _at = await PlaceAsync(cancellationToken);
        var last = await store.LastSequenceAsync(cancellationToken);
        var isBehind = await IsBehindAsync(last, cancellationToken);
        var read = await store.ReadOnAsync(
            Query(_batch) with { OnlyAttacks = options.OnlyAttacks || isBehind }, cancellationToken);
        _read = read.Count;
        var next = read.Count > 0 ? read[^1].Row.Sequence : last;
        var events = read.Where(e => options.Filter.Takes(e.Row)).ToList();
        var refused = 0L;
        if (events.Count > 0)
        {
            try
            {
                refused = await _sender.SendAsync(session, events, cancellationToken);
            }
            catch (SinkException failure) when (failure.IsForGood)
            {
                if (!await IsSetAsideAsync(failure, events, cancellationToken)) return new SinkStep(true, 0, 0, 0);
                refused = failure.Refused.Count;
            }
        }

        if (next == _at) return default;
        var leftOut = isBehind && !options.OnlyAttacks ? await LeftOutAsync(next, read.Count, cancellationToken) : 0;
        await store.PutDocumentAsync(
            CursorKind, options.Name, next.ToString(CultureInfo.InvariantCulture), cancellationToken);
        var isFull = read.Count == _batch;
        _batch = Math.Min(options.BatchMax, _batch * 2);
        return new SinkStep(isFull, events.Count - refused, leftOut, refused);
    }

    /// <summary>Events that wait to be looked at, counted up to <paramref name="max"/>.</summary>
    public async Task<int> BacklogAsync(int max, CancellationToken cancellationToken)
    {
        _at = await PlaceAsync(cancellationToken);
        return await store.CountOnAsync(Query(max) with { OnlyAttacks = options.OnlyAttacks }, cancellationToken);
    }

    private ReadOnQuery Query(int max) => new(_at, max) { Namespace = options.Namespace };

    private async Task<long> PlaceAsync(CancellationToken cancellationToken)
    {
        var stored = await store.GetDocumentAsync(CursorKind, options.Name, cancellationToken);
        if (long.TryParse(stored, CultureInfo.InvariantCulture, out var at)) return at;
        if (options.From is not { } from) return 0;
        // Kept at once: days that go from the store must not move the beginning.
        at = await store.SequenceBeforeAsync(from, cancellationToken);
        await store.PutDocumentAsync(
            CursorKind, options.Name, at.ToString(CultureInfo.InvariantCulture), cancellationToken);
        return at;
    }

    /// <summary>A namespace is behind by its own events: others' must not cost it any.</summary>
    private async Task<bool> IsBehindAsync(long last, CancellationToken cancellationToken)
    {
        if (last - _at <= options.LagMax || options.OnlyAttacks) return false;
        if (options.Namespace is null) return true;
        var max = (int)Math.Min(int.MaxValue, options.LagMax + 1);
        return await store.CountOnAsync(Query(max), cancellationToken) == max;
    }

    private async Task<long> LeftOutAsync(long next, int read, CancellationToken cancellationToken) =>
        options.Namespace is null ? next - _at - read
            : await store.CountOnAsync(Query(int.MaxValue) with { UpTo = next }, cancellationToken) - read;

    /// <summary>
    /// What to do about events that were refused for good: true when they are set aside and the rest is there. False:
    /// it is not known which of them it was, and fewer are to be sent.
    /// </summary>
    /// <exception cref="SinkException">They are to be tried again.</exception>
    private async Task<bool> IsSetAsideAsync(
        SinkException failure, List<StoredEvent> events, CancellationToken cancellationToken)
    {
        if (failure.Refused.Count == 0 && events.Count > 1)
        {
            _batch = Math.Max(1, _read / 2);
            return false;
        }

        if (failure.Refused.Count == 0) failure.Refused.Add(0);
        _refused = (_at, _refused.At == _at ? _refused.Tries + 1 : 1);
        if (_refused.Tries < SinkWorker.TriesMax) throw failure;
        foreach (var i in failure.Refused)
            SinkLog.SetAside(logger, options.Name, events[i].Row.Namespace, events[i].Row.Id, failure.Message);
        await SetAside.KeepAsync(
            store, options.Name, [.. failure.Refused.Select(i => events[i].Row)], failure.Message, cancellationToken);
        return true;
    }
}
