using System.Globalization;
using StackExchange.Redis;
using WafOperator.Behaviour.Holds;

namespace WafOperator.Proxy.Sharing;

/// <summary>
/// Clients that are held, over all replicas: each tells the others by way of Redis whom it holds, and takes over whom
/// they hold, within a second. No request waits for it. What comes from the server is bounded, and read as what it is:
/// whoever may write there may hold clients, and cannot do more. Used by one caller at a time.
/// </summary>
internal sealed class SharedHolds(SharedCounting counting, TimeProvider time)
{
    /// <summary>A hold that is said to last longer is none of ours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private const int TextLengthMax = 64;

    private readonly RedisKey _held = $"waf:{{{counting.Scope}}}:held";
    private readonly RedisKey _version = $"waf:{{{counting.Scope}}}:held:version";
    private readonly HashSet<(UInt128, long)> _told = [];
    private HoldTable? _table;
    private long _seen = -1;

    /// <summary>One exchange; false when the server could not be asked.</summary>
    public async Task<bool> ExchangeAsync(HoldTable table, long now)
    {
        if (counting.Link.Ask() is not { } database) return false;
        if (_table != table)
        {
            // A policy with another table knows of nobody yet.
            _told.Clear();
            _seen = -1;
            _table = table;
        }

        try
        {
            await TellAsync(database, table, now);
            await TakeOverAsync(database, table, now);
            counting.Link.Answered();
            return true;
        }
        catch (Exception failure) when (RedisLink.IsOutage(failure))
        {
            counting.Link.Missed();
            return false;
        }
    }

    private async Task TellAsync(IDatabase database, HoldTable table, long now)
    {
        var current = table.Entries(now);
        _told.IntersectWith(current.Select(entry => (entry.Key, entry.Hold.Until)));
        var fresh = current.Where(entry => !_told.Contains((entry.Key, entry.Hold.Until))).ToList();
        if (fresh.Count == 0) return;
        var offset = time.GetUtcNow().ToUnixTimeMilliseconds() - now;
        await database.SortedSetAddAsync(_held, [.. fresh.Select(entry => new SortedSetEntry(
            Write(entry.Key, entry.Hold, offset), entry.Hold.Until + offset))]);
        await database.StringIncrementAsync(_version);
        foreach (var (key, hold) in fresh) _told.Add((key, hold.Until));
    }

    private async Task TakeOverAsync(IDatabase database, HoldTable table, long now)
    {
        var version = (long)await database.StringGetAsync(_version);
        if (version == _seen) return;
        var unix = time.GetUtcNow().ToUnixTimeMilliseconds();
        await database.SortedSetRemoveRangeByScoreAsync(_held, double.NegativeInfinity, unix);
        var entries = await database.SortedSetRangeByScoreWithScoresAsync(
            _held, unix, unix + Longest.TotalMilliseconds, Exclude.None, Order.Descending, 0, table.Most);
        foreach (var entry in entries)
        {
            if (Read(entry.Element) is not var (key, client, reason)) continue;
            var until = now + (long)(entry.Score - unix);
            _told.Add((key, until));
            table.Begin(key, new Hold(client, reason, now, until));
        }

        _seen = version;
    }

    private static string Write(UInt128 key, in Hold hold, long offset) => string.Create(
        CultureInfo.InvariantCulture, $"{key:x32}\n{hold.Until + offset}\n{hold.Client}\n{hold.Reason}");

    private static (UInt128 Key, string Client, string Reason)? Read(RedisValue value) =>
        ((string?)value)?.Split('\n') is [var key, _, { Length: <= TextLengthMax } client,
            { Length: <= TextLengthMax } reason]
            && UInt128.TryParse(key, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
            ? (number, client, reason) : null;
}
