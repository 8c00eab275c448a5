using System.Globalization;
using StackExchange.Redis;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sharing;

/// <summary>
/// One rate limit as it is counted in Redis. All keys of a limit have its name as their hash tag, since a script
/// takes several of them: in a cluster one limit is counted by one node. Thread-safe.
/// </summary>
internal sealed class SharedLimit
{
    private readonly SharedCounting _counting;
    private readonly string _prefix;
    private readonly RedisValue _interval;
    private readonly RedisValue _tolerance;
    private readonly RedisValue _period;
    private readonly int _requests;

    public SharedLimit(RateLimit limit, SharedCounting counting)
    {
        _counting = counting;
        _prefix = $"waf:{{{counting.Scope}/{limit.Name}}}:";
        _requests = Math.Max(1, limit.Requests);
        Burst = limit.Burst > 0 ? limit.Burst : _requests;
        var period = Math.Max(limit.Period.TotalMicroseconds, 1_000);
        var interval = period / _requests;
        _interval = Number(interval);
        _tolerance = Number(interval * Burst);
        _period = Number(period);
    }

    /// <summary>Units that may come at once.</summary>
    public int Burst { get; }

    /// <summary>Takes units; microseconds to wait, 0 when there was room.</summary>
    /// <param name="database">The server.</param>
    /// <param name="key">Whom the units are for, and by whom it is counted while it is new.</param>
    /// <param name="cost">0 asks for room for one and takes none.</param>
    public Task<long> TakeAsync(IDatabase database, in CountedKey key, int cost) =>
        RunAsync(database, LimitScripts.Rate, Keys(key), [_interval, _tolerance, Math.Clamp(cost, 0, Burst), 0]);

    /// <summary>Takes units for what has happened, whether they are there or not.</summary>
    public Task<long> ChargeAsync(IDatabase database, in CountedKey key, long units) => RunAsync(
        database, LimitScripts.Rate, Keys(key), [_interval, _tolerance, -1, Math.Min(units, 2L * Burst)]);

    /// <summary>Adds a value to a key's set; microseconds to wait, 0 when it was there or there was room.</summary>
    public Task<long> AddAsync(IDatabase database, UInt128 key, UInt128 value) => RunAsync(
        database, LimitScripts.Distinct, [_prefix + Text(key)], [Text(value), _period, _requests]);

    /// <summary>Takes units as soon as the server has time; they are kept while it has none.</summary>
    public void ChargeLater(in CountedKey key, long units) => _counting.Debts.Add(this, key, units);

    private static async Task<long> RunAsync(IDatabase database, string script, RedisKey[] keys, RedisValue[] values) =>
        (long)await database.ScriptEvaluateAsync(script, keys, values);

    private RedisKey[] Keys(in CountedKey key) => key.Newcomer is { } client
        ? [_prefix + Text(key.Key), $"{_prefix}new:{Text(client)}"]
        : [_prefix + Text(key.Key)];

    private static string Text(UInt128 key) => key.ToString("x32", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

/// <summary>Whom a unit is for.</summary>
/// <param name="Key">Hash of client, session, header, claim or parameter.</param>
/// <param name="Newcomer">The client that pays as well while the key is new; null for keys nobody can invent.</param>
internal readonly record struct CountedKey(UInt128 Key, UInt128? Newcomer);
