using StackExchange.Redis;
using WafOperator.Behaviour.Limits;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// One limit of a policy with its counters: those of this replica, and those in Redis where replicas count together.
/// What Redis lets through is counted here as well, so that this replica knows its clients when Redis is away.
/// Thread-safe.
/// </summary>
internal sealed class LimitState
{
    private readonly ReplicaSharing _sharing;
    private readonly SharedLimit? _shared;
    private readonly byte[][]? _prefix;
    private readonly KeyReader _key;
    private readonly RateTable? _rates;

    /// <summary>Counts keys that clients bring for the first time.</summary>
    private readonly RateTable? _newcomers;

    private readonly KeyReader? _value;
    private readonly DistinctTable? _distinct;

    /// <summary>
    /// New keys of distinct values that a client may have Redis remember in a period; with more it is counted here,
    /// where memory is fixed. What others count in the same Redis must not be crowded out of it.
    /// </summary>
    private const int NewKeysMax = 256;

    private readonly RateTable? _invented;

    public LimitState(RateLimit limit, long ticksPerSecond, ReplicaSharing sharing)
    {
        Limit = limit;
        _sharing = sharing;
        _shared = sharing.Counting is { } counting ? new SharedLimit(limit, counting) : null;
        Policy = RateLimitFields.PolicyOf(limit);
        _prefix = limit.PathPrefix is null or "/" ? null : [PathPrefix.Folded(limit.PathPrefix)];
        _key = new KeyReader(limit.Key, limit.KeyName, sharing.Hashes);
        var period = Math.Max(1, (long)(Math.Max(limit.Period.TotalSeconds, 0.001) * ticksPerSecond));
        var requests = Math.Max(1, limit.Requests);
        var keys = limit.Key is RateLimitKeyKind.Route ? 1 : RateLimitProgram.KeysMax;
        if (limit.Distinct is { } distinct)
        {
            _value = new KeyReader(distinct.Of, distinct.Name, sharing.Hashes);
            _distinct = new DistinctTable(requests, period, keys);
            if (_key.IsBrought && _shared is not null)
                _invented = new RateTable(NewKeysMax, period, NewKeysMax, RateLimitProgram.KeysMax);
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
        Divide();
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        long longest = 0;
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
            longest = Math.Max(longest, Take(key, own, now));
        return longest;
    }

    /// <summary>Asks Redis for all that <see cref="Take(Address, CanonicalRequest, long)"/> would count here.</summary>
    public void Ask(
        IDatabase database, Address client, CanonicalRequest request, SharedQuestions questions, long now)
    {
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        if (_value is null)
        {
            var cost = Limit.Cost?.Request ?? 1;
            foreach (var key in keys[..KeysOf(client, request, own, keys)])
            {
                var counted = Counted(key, own);
                questions.Add(this, _shared!, counted, cost, _shared!.TakeAsync(database, counted, cost));
            }

            return;
        }

        Span<UInt128> values = stackalloc UInt128[KeyReader.ValuesMax];
        var count = ValuesOf(client, request, values);
        keys = keys[..KeysOf(client, request, own, keys)];
        foreach (var key in keys)
        {
            if (key != own && _invented is not null && !_distinct!.Knows(key, now)
                && _invented.Take(own, now, 1).WaitTicks > 0) return;
        }

        foreach (var key in keys)
        {
            foreach (var value in values[..count])
                questions.Add(this, _shared!, new CountedKey(key, null), 0, _shared!.AddAsync(database, key, value));
        }
    }

    /// <summary>Owes Redis what this replica let through while nobody asked it.</summary>
    public void Owe(Address client, CanonicalRequest request)
    {
        if (_distinct is not null) return;
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
            _shared!.ChargeLater(Counted(key, own), Limit.Cost?.Request ?? 1);
    }

    /// <summary>
    /// Counts here what Redis let through. Ticks to wait where this replica counted values that Redis was not told of.
    /// </summary>
    public long Mirror(Address client, CanonicalRequest request, long now)
    {
        if (_distinct is not null) return TakeDistinct(client, request, now);
        Divide();
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
            _rates!.Charge(key, now, Limit.Cost?.Request ?? 1);
        return 0;
    }

    /// <summary>Takes what a response cost, whether it is there or not.</summary>
    public void Charge(Address client, CanonicalRequest request, in ResponseFacts response, long now)
    {
        var cost = Limit.Cost!.Of(response.Status, response.Bytes);
        if (cost <= 0) return;
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        foreach (var key in keys[..KeysOf(client, request, own, keys)])
        {
            _shared?.ChargeLater(Counted(key, own), cost);
            // A key of the client's invention does not carry the cost away with it.
            if (key != own && _newcomers is not null && !_rates!.IsActive(key, now)) _newcomers.Charge(own, now, cost);
            _rates!.Charge(key, now, cost);
        }
    }

    private CountedKey Counted(UInt128 key, UInt128 own) =>
        new(key, _newcomers is not null && key != own ? own : null);

    private void Divide()
    {
        var parts = _sharing.Parts;
        if (_rates!.Parts == parts) return;
        _rates.Parts = parts;
        if (_newcomers is not null) _newcomers.Parts = parts;
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
        // A claim that nobody checked counts within its client: a forged one must not use up what is another's.
        for (var i = 0; i < count && _key.IsUnproven && Limit.Distinct is not { Of: RateLimitKeyKind.Client }; i++)
            keys[i] ^= own;
        if (count > 0) return count;
        keys[0] = own;
        return 1;
    }

    /// <summary>
    /// Whoever writes the value in a way that only the application reads, brings one all the same: none is one more
    /// value.
    /// </summary>
    private int ValuesOf(Address client, CanonicalRequest request, Span<UInt128> values)
    {
        var count = _value!.Read(client, request, values);
        if (count == 0) values[count++] = UInt128.Zero;
        return count;
    }

    private long TakeDistinct(Address client, CanonicalRequest request, long now)
    {
        Span<UInt128> values = stackalloc UInt128[KeyReader.ValuesMax];
        var count = ValuesOf(client, request, values);
        Span<UInt128> keys = stackalloc UInt128[KeyReader.ValuesMax];
        long longest = 0;
        foreach (var key in keys[..KeysOf(client, request, KeyReader.ClientKey(client, _sharing.Hashes), keys)])
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
