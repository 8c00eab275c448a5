using WafOperator.Behaviour.Limits;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>One limit of a policy with its counters. Thread-safe.</summary>
internal sealed class LimitState
{
    private readonly byte[][]? _prefix;
    private readonly KeyReader _key;
    private readonly RateTable? _rates;

    /// <summary>Counts keys that clients bring for the first time.</summary>
    private readonly RateTable? _newcomers;

    private readonly KeyReader? _value;
    private readonly DistinctTable? _distinct;

    public LimitState(RateLimit limit, long ticksPerSecond)
    {
        Limit = limit;
        Policy = RateLimitFields.PolicyOf(limit);
        _prefix = limit.PathPrefix is null or "/" ? null : [PathPrefix.Folded(limit.PathPrefix)];
        _key = new KeyReader(limit.Key, limit.KeyName);
        var period = Math.Max(1, (long)(Math.Max(limit.Period.TotalSeconds, 0.001) * ticksPerSecond));
        var requests = Math.Max(1, limit.Requests);
        var keys = limit.Key is RateLimitKeyKind.Route ? 1 : RateLimitProgram.KeysMax;
        if (limit.Distinct is { } distinct)
        {
            _value = new KeyReader(distinct.Of, distinct.Name);
            _distinct = new DistinctTable(requests, period, keys);
            return;
        }

        var burst = limit.Burst > 0 ? limit.Burst : requests;
        _rates = new RateTable(requests, period, burst, keys);
        if (_key.IsBrought) _newcomers = new RateTable(requests, period, burst, RateLimitProgram.KeysMax);
    }

    public RateLimit Limit { get; }

    /// <summary>The limit as the field RateLimit-Policy names it.</summary>
    public string Policy { get; }

    /// <summary>Key or value may be in the body.</summary>
    public bool NeedsBody => _key.NeedsBody || _value is { NeedsBody: true };

    /// <summary>Responses cost something.</summary>
    public bool IsCharged => Limit.Cost?.CostsByResponse() is true && _rates is not null;

    public bool Covers(CanonicalRequest request) =>
        _prefix is null || PathPrefix.CoversAnyReading(_prefix, request);

    /// <summary>Ticks to wait; zero when the request is within the limit.</summary>
    public long Take(Address client, CanonicalRequest request, long now)
    {
        if (_distinct is not null) return TakeDistinct(client, request, now);
        var own = KeyReader.ClientKey(client);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        long longest = 0;
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
            longest = Math.Max(longest, Take(key, own, now));
        return longest;
    }

    /// <summary>Takes what a response cost, whether it is there or not.</summary>
    public void Charge(Address client, CanonicalRequest request, in ResponseFacts response, long now)
    {
        var cost = Limit.Cost!.Of(response.Status, response.Bytes);
        if (cost <= 0) return;
        var own = KeyReader.ClientKey(client);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
        {
            // A key of the client's invention does not carry the cost away with it.
            if (key != own && _newcomers is not null && !_rates!.IsActive(key, now)) _newcomers.Charge(own, now, cost);
            _rates!.Charge(key, now, cost);
        }
    }

    private long Take(UInt128 key, UInt128 own, long now)
    {
        var cost = Limit.Cost?.Request ?? 1;
        // Who invents a new key for each request is limited as a client that has none.
        if (_newcomers is not null && key != own && !_rates!.IsActive(key, now)
            && _newcomers.Take(own, now, cost).WaitTicks is > 0 and var wait)
        {
            return wait;
        }

        return _rates!.Take(key, now, cost).WaitTicks;
    }

    /// <summary>
    /// A request without the cookie or header counts by its client, so that leaving it out is no way around.
    /// </summary>
    private int KeysOf(Address client, CanonicalRequest request, UInt128 own, Span<UInt128> keys)
    {
        var count = _key.Read(client, request, keys);
        if (count > 0) return count;
        keys[0] = own;
        return 1;
    }

    private long TakeDistinct(Address client, CanonicalRequest request, long now)
    {
        Span<UInt128> values = stackalloc UInt128[KeyReader.ValuesMax];
        var count = _value!.Read(client, request, values);
        if (count == 0) return 0;
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        long longest = 0;
        foreach (var key in keys[..KeysOf(client, request, KeyReader.ClientKey(client), keys)])
        {
            foreach (var value in values[..count])
                longest = Math.Max(longest, _distinct!.Add(key, value, now).WaitTicks);
        }

        return longest;
    }
}

/// <summary>What became of a request.</summary>
/// <param name="Status">Status that the client received.</param>
/// <param name="Bytes">Bytes of the response body, as far as they were declared.</param>
internal readonly record struct ResponseFacts(int Status, long Bytes);
