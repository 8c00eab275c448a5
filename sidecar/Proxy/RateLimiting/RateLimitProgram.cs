using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;

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

    public RateLimitProgram(IReadOnlyList<RateLimit> limits, TimeProvider time, RateLimitProgram? previous = null)
    {
        _time = time;
        _limits =
            [.. limits.Select(limit => previous?.Find(limit) ?? new LimitState(limit, time.TimestampFrequency))];
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
            if (wait == 0) continue;
            if (limit.Limit.DryRun)
            {
                outcome = outcome with { DryRunLimit = limit.Limit.Name };
                continue;
            }

            outcome = outcome.With(new RateOutcome(
                limit.Limit.Name, TimeSpan.FromSeconds((double)wait / _time.TimestampFrequency), null)
            {
                Policy = limit.Policy,
            });
        }

        return outcome;
    }

    private LimitState? Find(RateLimit limit) => Array.Find(_limits, state => state.Limit == limit);
}
