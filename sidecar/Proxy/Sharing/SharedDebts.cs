using System.Collections.Concurrent;

namespace WafOperator.Proxy.Sharing;

/// <summary>
/// Units that were given and that Redis was not told yet: those of responses, and all that replicas gave while it was
/// away. Bounded: of a key there are at most two bursts, and what finds no room is counted as lost. Thread-safe.
/// </summary>
internal sealed class SharedDebts(RedisLink link)
{
    /// <summary>Keys with a debt.</summary>
    public const int KeysMax = 8_192;

    /// <summary>Keys of one transmission.</summary>
    private const int BatchMax = 512;

    private readonly ConcurrentDictionary<Debt, long> _units = new();
    private long _lost;

    /// <summary>Units that are owed.</summary>
    public long Units => _units.Values.Sum();

    /// <summary>Units that found no room.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Add(SharedLimit limit, in CountedKey key, long units)
    {
        if (units <= 0) return;
        var debt = new Debt(limit, key.Key, key.Newcomer);
        if (_units.Count >= KeysMax && !_units.ContainsKey(debt))
        {
            Interlocked.Add(ref _lost, units);
            return;
        }

        _units.AddOrUpdate(
            debt, units, (one, owed) => Math.Min(owed + units, 2L * one.Limit.Burst));
    }

    /// <summary>Tells Redis what there is room for in one transmission. True when that worked.</summary>
    public async Task<bool> PayAsync()
    {
        if (_units.IsEmpty) return true;
        if (link.Ask() is not { } database) return false;
        var paid = new List<(Debt Debt, long Units, Task<long> Answer)>();
        foreach (var debt in _units.Keys.Take(BatchMax))
        {
            if (!_units.TryRemove(debt, out var units)) continue;
            var key = new CountedKey(debt.Key, debt.Newcomer);
            paid.Add((debt, units, debt.Limit.ChargeAsync(database, key, units)));
        }

        var isWhole = true;
        foreach (var (debt, units, answer) in paid)
        {
            try
            {
                await answer;
                link.Answered();
            }
            catch (Exception failure) when (RedisLink.IsOutage(failure))
            {
                isWhole = false;
                link.Missed();
                Add(debt.Limit, new CountedKey(debt.Key, debt.Newcomer), units);
            }
        }

        return isWhole;
    }

    private readonly record struct Debt(SharedLimit Limit, UInt128 Key, UInt128? Newcomer);
}
