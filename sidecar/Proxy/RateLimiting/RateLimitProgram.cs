using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// A policy's rate limits with their counters. Counters of a limit that did not change live on across a reload: a new
/// policy does not give everybody a fresh allowance. Thread-safe.
/// </summary>
public sealed class RateLimitProgram
{
    /// <summary>Keys that one limit remembers; 48 bytes each.</summary>
    public const int KeysMax = 16_384;

    private readonly LimitState[] _limits;
    private readonly LimitState[] _ofHead;
    private readonly LimitState[] _ofBody;
    private readonly LimitState[] _charged;
    private readonly TimeProvider _time;
    private readonly ReplicaSharing _sharing;

    public RateLimitProgram(IReadOnlyList<RateLimit> limits, TimeProvider time, RateLimitProgram? previous = null)
        : this(limits, time, ReplicaSharing.None, previous)
    {
    }

    internal RateLimitProgram(
        IReadOnlyList<RateLimit> limits, TimeProvider time, ReplicaSharing sharing, RateLimitProgram? previous)
    {
        _time = time;
        _sharing = sharing;
        // Counters of another way of counting have other keys.
        var same = previous?._sharing == sharing ? previous : null;
        _limits =
        [
            .. limits.Select(limit => same?.Find(limit) ?? new LimitState(limit, time.TimestampFrequency, sharing)),
        ];
        _ofHead = [.. _limits.Where(limit => !limit.NeedsBody)];
        _ofBody = [.. _limits.Where(limit => limit.NeedsBody)];
        _charged = [.. _limits.Where(limit => limit.IsCharged)];
    }

    public bool IsEmpty => _limits.Length == 0;

    /// <summary>A limit has its key or values in bodies.</summary>
    public bool NeedsBody => _ofBody.Length > 0;

    /// <summary>Responses cost something.</summary>
    public bool IsCharged => _charged.Length > 0;

    /// <summary>
    /// Counts the request against every limit that covers it and needs its head only. The longest wait of those
    /// exceeded is told.
    /// </summary>
    public RateOutcome Take(Address client, CanonicalRequest request) => Take(_ofHead, client, request);

    /// <summary>The same for limits whose key or values may be in the body, which was read.</summary>
    public RateOutcome TakeOfBody(Address client, CanonicalRequest request) => Take(_ofBody, client, request);

    /// <summary>Redis may be asked, so the answer of <see cref="TakeAsync"/> may take a moment.</summary>
    internal bool IsShared => _sharing.Counting is not null;

    /// <summary>
    /// As <see cref="Take(Address, CanonicalRequest)"/> (or, of the body, <see cref="TakeOfBody"/>) over all replicas:
    /// one round trip to Redis. What is not answered in time is decided here, and owed.
    /// </summary>
    internal async ValueTask<RateOutcome> TakeAsync(Address client, CanonicalRequest request, bool ofBody)
    {
        var limits = ofBody ? _ofBody : _ofHead;
        if (_sharing.Counting is not { } counting || limits.Length == 0) return Take(limits, client, request);
        var covering = Array.FindAll(limits, limit => limit.Covers(request));
        if (covering.Length == 0) return RateOutcome.Pass;
        var questions = new SharedQuestions();
        var database = counting.Link.Ask();
        if (database is null)
        {
            counting.CountAway();
        }
        else
        {
            foreach (var limit in covering)
                limit.Ask(database, client, request, questions, _time.GetTimestamp());
            await questions.WaitAsync(counting);
        }

        var outcome = RateOutcome.Pass;
        var now = _time.GetTimestamp();
        foreach (var limit in covering)
        {
            var answer = database is null ? null : questions.WaitOf(limit);
            var wait = answer == 0 ? limit.Mirror(client, request, now)
                : answer is { } microseconds ? (long)(microseconds * (_time.TimestampFrequency / 1e6))
                : TakeAlone(limit, client, request, database is null ? null : questions);
            if (wait > 0) outcome = Told(outcome, limit, wait);
        }

        return outcome;
    }

    private long TakeAlone(LimitState limit, Address client, CanonicalRequest request, SharedQuestions? questions)
    {
        var wait = limit.Take(client, request, _time.GetTimestamp());
        if (wait > 0) return wait;
        if (questions is null) limit.Owe(client, request);
        else questions.Owe(limit);
        return 0;
    }

    /// <summary>Takes what the response cost.</summary>
    internal void Charge(Address client, CanonicalRequest request, in ResponseFacts response)
    {
        if (_charged.Length == 0) return;
        var now = _time.GetTimestamp();
        foreach (var limit in _charged)
        {
            if (limit.Covers(request)) limit.Charge(client, request, response, now);
        }
    }

    private RateOutcome Take(LimitState[] limits, Address client, CanonicalRequest request)
    {
        var outcome = RateOutcome.Pass;
        if (limits.Length == 0) return outcome;
        var now = _time.GetTimestamp();
        foreach (var limit in limits)
        {
            if (!limit.Covers(request)) continue;
            var wait = limit.Take(client, request, now);
            if (wait > 0) outcome = Told(outcome, limit, wait);
        }

        return outcome;
    }

    private RateOutcome Told(in RateOutcome outcome, LimitState limit, long wait) => limit.Limit.DryRun
        ? outcome with { DryRunLimit = limit.Limit.Name }
        : outcome.With(new RateOutcome(
            limit.Limit.Name, TimeSpan.FromSeconds((double)wait / _time.TimestampFrequency), null)
        {
            Policy = limit.Policy,
        });

    private LimitState? Find(RateLimit limit) => Array.Find(_limits, state => state.Limit == limit);
}
