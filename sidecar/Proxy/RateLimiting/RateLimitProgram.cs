using System.Security.Cryptography;
using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>What the rate limits say about a request.</summary>
/// <param name="Limit">Name of the limit that was exceeded, or null.</param>
/// <param name="RetryAfter">When a request would pass again.</param>
/// <param name="DryRunLimit">Name of a limit in dry run that was exceeded, or null.</param>
public readonly record struct RateOutcome(string? Limit, TimeSpan RetryAfter, string? DryRunLimit)
{
    public static readonly RateOutcome Pass;
}

/// <summary>
/// A policy's rate limits with their counters. Counters of a limit that did not change live on across a reload: a new
/// policy does not give everybody a fresh allowance. Thread-safe.
/// </summary>
public sealed class RateLimitProgram
{
    /// <summary>Keys that one limit remembers; 48 bytes each.</summary>
    public const int KeysMax = 16_384;

    /// <summary>Bytes of a cookie or header value that count as its key.</summary>
    private const int KeyBytesMax = 1024;

    /// <summary>A client with IPv6 owns at least a /64: its addresses are counted together.</summary>
    private const int ClientPrefixV6 = 64;

    private readonly LimitState[] _limits;
    private readonly TimeProvider _time;

    public RateLimitProgram(IReadOnlyList<RateLimit> limits, TimeProvider time, RateLimitProgram? previous = null)
    {
        _time = time;
        _limits = [.. limits.Select(limit => previous?.Find(limit) ?? Build(limit, time))];
    }

    public bool IsEmpty => _limits.Length == 0;

    /// <summary>Counts the request against every limit that covers it. The longest wait of those exceeded is told.</summary>
    public RateOutcome Take(Address client, CanonicalRequest request)
    {
        var outcome = RateOutcome.Pass;
        if (_limits.Length == 0) return outcome;
        var now = _time.GetTimestamp();
        foreach (var limit in _limits)
        {
            if (limit.Prefix is { } prefix && !PathPrefix.CoversAnyReading(prefix, request)) continue;
            var wait = Take(limit, client, request, now);
            if (wait == 0) continue;
            if (limit.Limit.DryRun)
            {
                outcome = outcome with { DryRunLimit = limit.Limit.Name };
                continue;
            }

            var retry = TimeSpan.FromSeconds((double)wait / _time.TimestampFrequency);
            if (retry > outcome.RetryAfter || outcome.Limit is null)
                outcome = outcome with { Limit = limit.Limit.Name, RetryAfter = retry };
        }

        return outcome;
    }

    /// <summary>
    /// A key that a client brings for the first time counts for the client too: who invents a new one for each request
    /// is limited as a client that has none.
    /// </summary>
    private static long Take(LimitState limit, Address client, CanonicalRequest request, long now)
    {
        var key = KeyOf(limit, client, request);
        if (limit.Newcomers is { } newcomers && key != ClientKey(client) && !limit.Buckets.Knows(key)
            && newcomers.Take(ClientKey(client), now) is > 0 and var wait)
        {
            return wait;
        }

        return limit.Buckets.Take(key, now);
    }

    private LimitState? Find(RateLimit limit) => Array.Find(_limits, state => state.Limit == limit);

    private static LimitState Build(RateLimit limit, TimeProvider time)
    {
        var period = (long)(Math.Max(limit.Period.TotalSeconds, 0.001) * time.TimestampFrequency);
        var requests = Math.Max(1, limit.Requests);
        var burst = limit.Burst > 0 ? limit.Burst : requests;
        var keys = limit.Key is RateLimitKeyKind.Route ? 1 : KeysMax;
        return new LimitState(
            limit,
            limit.PathPrefix is null or "/" ? null : [PathPrefix.Folded(limit.PathPrefix)],
            limit.KeyName is null ? [] : Encoding.ASCII.GetBytes(limit.KeyName.ToLowerInvariant()),
            limit.KeyName is null ? [] : Encoding.ASCII.GetBytes(limit.KeyName),
            new TokenBuckets(requests, Math.Max(1, period), burst, keys),
            limit.Key is RateLimitKeyKind.Session or RateLimitKeyKind.Header
                ? new TokenBuckets(requests, Math.Max(1, period), burst, KeysMax)
                : null);
    }

    /// <summary>A request without the cookie or header counts by its client, so that leaving it out is no way around.</summary>
    private static UInt128 KeyOf(LimitState limit, Address client, CanonicalRequest request)
    {
        switch (limit.Limit.Key)
        {
            case RateLimitKeyKind.Route:
                return 1;
            case RateLimitKeyKind.Header when request.TryGetHeader(limit.KeyLower, out var value):
                return Digest(request[value]);
            case RateLimitKeyKind.Session:
                foreach (ref readonly var cookie in request.Cookies)
                {
                    if (request[cookie.Name].SequenceEqual(limit.KeyName)) return Digest(request[cookie.Value]);
                }

                break;
        }

        return ClientKey(client);
    }

    private static UInt128 ClientKey(Address client) =>
        Scatter((client.IsV6 ? client.Network(ClientPrefixV6) : client).Bits);

    private static readonly UInt128 Salt = NewSalt();

    private static UInt128 NewSalt()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt128(bytes) | 1;
    }

    /// <summary>A secret multiplier spreads addresses over the sets, so that nobody can aim at one.</summary>
    private static UInt128 Scatter(UInt128 bits)
    {
        var product = (bits + 1) * Salt;
        return product ^ product >> 64;
    }

    private static UInt128 Digest(ReadOnlySpan<byte> value)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(value[..Math.Min(value.Length, KeyBytesMax)], digest);
        return BitConverter.ToUInt128(digest) * Salt;
    }

    private sealed record LimitState(
        RateLimit Limit, byte[][]? Prefix, byte[] KeyLower, byte[] KeyName, TokenBuckets Buckets,
            TokenBuckets? Newcomers);
}
