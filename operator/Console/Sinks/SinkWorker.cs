using WafOperator.Console.Outgoing;
using WafOperator.Console.Store;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Sinks;

/// <summary>
/// Sends events to one server that the administrator named, as <see cref="SinkFeed"/> says: nothing is lost while the
/// server is away, and no other sink waits. One replica sends.
/// </summary>
public sealed class SinkWorker(
    SinkOptions options, IEventStore store, string replica, TimeProvider time, ILogger<SinkWorker> logger)
{
    /// <summary>Times that an event is sent that the server refuses.</summary>
    public const int TriesMax = 3;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    private readonly SinkFeed _feed = new(options, store, logger);

    /// <summary>Runs until cancelled, whatever goes wrong on the way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = LookEvery;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Opened here: a file that is missing now may be there later.
                using var session = new SinkSession(
                    new Peer { Roots = options.CaFile is { } file ? new TrustedRoots(file) : null });
                await SendAllAsync(session, () => pause = LookEvery, cancellationToken);
            }
            catch (Exception failure)
            {
                if (cancellationToken.IsCancellationRequested) return;
                SinkLog.Failed(logger, options.Name, failure.Message);
                var wait = (failure as SinkException)?.RetryAfter ?? pause;
                pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
                await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Sends what there is and what comes, until something fails.</summary>
    private async Task SendAllAsync(SinkSession session, Action succeeded, CancellationToken cancellationToken)
    {
        while (true)
        {
            var isMine = await store.TryLeaseAsync(
                $"sink-{options.Name}", replica, time.GetUtcNow(), LeaseTime, cancellationToken);
            var hasMore = isMine && await SendSomeAsync(session, cancellationToken);
            succeeded();
            if (!hasMore) await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    /// <summary>Sends the next events and moves the cursor; true when there may be more.</summary>
    /// <exception cref="SinkException">The server did not take them; they come again.</exception>
    internal async Task<bool> SendSomeAsync(SinkSession session, CancellationToken cancellationToken)
    {
        var step = await _feed.StepAsync(session, cancellationToken);
        ConsoleMetrics.CountSink(options.Name, step);
        return step.HasMore;
    }
}

/// <summary>Events that a sink refused, by id: who runs the server finds them in the store.</summary>
public static class SetAside
{
    /// <summary>Kind of the documents, named as the sinks are.</summary>
    public const string Kind = "set-aside";

    /// <summary>Lines that are kept for a sink; older ones go.</summary>
    public const int LinesMax = 200;

    /// <summary>Adds events, a line each: namespace, id, reason.</summary>
    public static async Task KeepAsync(
        IEventStore store, string sink, IReadOnlyList<EventRow> events, string reason,
        CancellationToken cancellationToken)
    {
        var lines = (await store.GetDocumentAsync(Kind, sink, cancellationToken) ?? "")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Concat(events.Select(e => $"{e.Namespace} {e.Id} {reason}")).TakeLast(LinesMax);
        await store.PutDocumentAsync(Kind, sink, string.Join('\n', lines), cancellationToken);
    }
}

/// <summary>What sinks tell.</summary>
internal static partial class SinkLog
{
    [LoggerMessage(7020, LogLevel.Warning, "sink {Sink} takes no events at present: {Problem}")]
    public static partial void Failed(ILogger logger, string sink, string problem);

    [LoggerMessage(7023, LogLevel.Warning, "the status of sink {Sink} is not taken: {Problem}")]
    public static partial void NotTold(ILogger logger, string sink, string problem);

    [LoggerMessage(7022, LogLevel.Warning, "places of sinks that are gone stay for now: {Problem}")]
    public static partial void NotForgotten(ILogger logger, string problem);

    [LoggerMessage(
        7021, LogLevel.Error, "sink {Sink} refuses event {Id} of {Namespace} for good, it is left out: {Problem}")]
    public static partial void SetAside(ILogger logger, string sink, string @namespace, string id, string problem);
}
