using WafOperator.Console.Store;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>What all WafSinks are served with.</summary>
/// <param name="Store">Where events come from, and places are kept.</param>
/// <param name="Secrets">What is read of their namespaces.</param>
/// <param name="Statuses">Where it is said how they do.</param>
/// <param name="Rules">What may be called.</param>
/// <param name="OwnNamespace">The operator's namespace.</param>
internal sealed record SinkParts(
    IEventStore Store, SinkSecrets Secrets, SinkStatuses Statuses, OutsideRules Rules, string OwnNamespace)
{
    /// <summary>Name of this replica, unique among them.</summary>
    public required string Replica { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}

/// <summary>
/// Serves one WafSink as it is written at present: whichever replica holds its lease reads its Secrets, sends, and
/// writes its status. Not thread-safe.
/// </summary>
/// <param name="sink">The object.</param>
/// <param name="hasPlace">There is room for it among the sinks of its namespace and of all.</param>
/// <param name="parts">What it is served with.</param>
internal sealed class SinkObject(Resource<WafSink> sink, bool hasPlace, SinkParts parts) : IDisposable
{
    /// <summary>Most events of a backlog that are counted.</summary>
    public const int BacklogMax = 100_000;

    /// <summary>A rotated Secret is used within this time.</summary>
    public static readonly TimeSpan SessionTime = TimeSpan.FromSeconds(30);

    /// <summary>Counts are written this often; what is wrong is written at once.</summary>
    public static readonly TimeSpan StatusEvery = TimeSpan.FromSeconds(30);

    /// <summary>However often what is wrong changes.</summary>
    private static readonly TimeSpan StatusAtMostEvery = TimeSpan.FromSeconds(5);

    private const int StepsAtOnce = 20;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);

    /// <summary>Who does not send asks this often whether to; each asking is a write of the store.</summary>
    private static readonly TimeSpan LeaseLookEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    private SinkFeed? _feed;
    private SinkSession? _session;
    private DateTimeOffset _openedAt;
    private DateTimeOffset _statusAt = DateTimeOffset.MinValue;
    private SinkFault? _told;
    private WafSinkStatus? _status;
    private TimeSpan _pause = LookEvery;

    /// <summary>Runs until cancelled, whatever goes wrong on the way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = LookEvery;
            try
            {
                wait = await PassAsync(cancellationToken);
            }
            catch (Exception failure)
            {
                if (cancellationToken.IsCancellationRequested) return;
                SinkLog.Failed(parts.Logger, sink.Metadata.Key.ToString(), failure.Message);
                wait = PauseMax;
            }

            await Task.Delay(wait, parts.Time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends what there is, and says how it went; gives the time until the next pass.</summary>
    internal async Task<TimeSpan> PassAsync(CancellationToken cancellationToken)
    {
        // Said once: what has no place costs nothing further.
        if (!hasPlace && _told is not null) return PauseMax;
        var name = WafSinkOptions.NameOf(sink);
        var now = parts.Time.GetUtcNow();
        if (!await parts.Store.TryLeaseAsync(name, parts.Replica, now, LeaseTime, cancellationToken))
        {
            Close();
            _status = null;
            return hasPlace ? LeaseLookEvery : PauseMax;
        }

        // Another replica may have counted meanwhile: what it wrote is gone on from.
        _status ??= parts.Statuses.LastOf(sink) ?? new WafSinkStatus();
        var (fault, wait) = await ServeAsync(cancellationToken);
        await TellAsync(fault, cancellationToken);
        return wait;
    }

    public void Dispose() => Close();

    private async Task<(SinkFault? Fault, TimeSpan Wait)> ServeAsync(CancellationToken cancellationToken)
    {
        if (!hasPlace)
        {
            return (new SinkFault(
                SinkProblem.TooManySinks, $"a namespace has {SinkObjects.OfNamespaceMax} sinks, all together "
                    + $"{SinkObjects.Max}; older ones have these places"), PauseMax);
        }

        var (options, fault) = WafSinkOptions.Of(sink, parts.OwnNamespace, parts.Rules);
        if (options is null) return (fault, PauseMax);
        _feed ??= new SinkFeed(options, parts.Store, parts.Logger);
        try
        {
            var session = await SessionAsync(options, cancellationToken);
            for (var i = 0; i < StepsAtOnce; i++)
            {
                var step = await _feed.StepAsync(session, cancellationToken);
                Count(step);
                if (!step.HasMore) break;
                if (i == StepsAtOnce - 1) return (null, TimeSpan.Zero);
            }

            _pause = LookEvery;
            return (null, LookEvery);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            Close();
            SinkLog.Failed(parts.Logger, sink.Metadata.Key.ToString(), failure.Message);
            fault = FaultOf(failure);
            var wait = (failure as SinkException)?.RetryAfter is { } asked && asked > _pause ? asked : _pause;
            _pause = _pause * 2 < PauseMax ? _pause * 2 : PauseMax;
            return (fault, wait);
        }
    }

    /// <summary>
    /// What the author is told: the server's status where it gave one, and nothing about what else stands there or not.
    /// </summary>
    internal static SinkFault FaultOf(Exception failure) => failure switch
    {
        SinkSecretException => new SinkFault(SinkProblem.SecretUnusable, failure.Message),
        SinkException { Status: { } status } => new SinkFault(SinkProblem.Refused, $"the server answered {status}"),
        SinkException { IsForGood: true } => new SinkFault(SinkProblem.Refused, failure.Message),
        StoreException => new SinkFault(
            SinkProblem.StoreUnavailable, "the console's store cannot be asked at present; nothing is lost by that"),
        _ when IsNotAllowed(failure) => new SinkFault(
            SinkProblem.AddressNotAllowed, OutsideWords.Of(OutsideProblem.NotAllowed)),
        _ => new SinkFault(
            SinkProblem.Unanswered, "no usable answer came in time; the console's log says why"),
    };

    private static bool IsNotAllowed(Exception failure)
    {
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is OutsideNotAllowedException) return true;
        }

        return false;
    }

    private async Task<SinkSession> SessionAsync(SinkOptions options, CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();
        if (_session is not null && now - _openedAt < SessionTime) return _session;
        Close();
        _session = await parts.Secrets.OpenAsync(sink, options.Url, cancellationToken);
        _openedAt = now;
        return _session;
    }

    private void Close()
    {
        _session?.Dispose();
        _session = null;
    }

    private void Count(SinkStep step)
    {
        ConsoleMetrics.CountSink(ConsoleMetrics.Objects, step);
        _status = _status! with
        {
            Delivered = _status.Delivered + step.Sent, Dropped = _status.Dropped + step.LeftOut + step.Refused,
            LastDelivered = step.Sent > 0 ? Second(parts.Time.GetUtcNow()) : _status.LastDelivered,
        };
    }

    private async Task TellAsync(SinkFault? fault, CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();
        if (now - _statusAt < (fault == _told ? StatusEvery : StatusAtMostEvery)) return;
        var generation = sink.Metadata.Generation;
        _status = _status! with
        {
            ObservedGeneration = generation,
            Backlog = _feed is null ? 0 : await _feed.BacklogAsync(BacklogMax, cancellationToken),
            LastError = fault is null ? _status.LastError : SinkConditions.Cut(fault.Message),
            LastErrorTime = fault is null || fault == _told ? _status.LastErrorTime : Second(now),
            Conditions = SinkConditions.Compute(fault, generation, Second(now), _status.Conditions),
        };
        await parts.Statuses.WriteAsync(sink, _status, cancellationToken);
        (_told, _statusAt) = (fault, now);
    }

    private static DateTimeOffset Second(DateTimeOffset time) =>
        new(time.Ticks - time.Ticks % TimeSpan.TicksPerSecond, time.Offset);
}
