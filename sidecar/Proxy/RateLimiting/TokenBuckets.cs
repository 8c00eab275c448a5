using System.Numerics;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// Token buckets by key in memory of a fixed size: sets of eight slots, one timestamp each. A bucket is kept as the
/// moment at which it would be full again (the generic cell rate algorithm, ITU-T I.371), so refilling costs nothing and
/// a bucket whose moment has passed is as good as absent. A full set gives up the slot that is nearest to full: whoever
/// is being limited stays limited, however many other keys an attacker invents. Thread-safe.
/// </summary>
public sealed class TokenBuckets
{
    private const int Ways = 8;
    private const int LocksMax = 64;

    private readonly Slot[] _slots;
    private readonly Lock[] _locks;
    private readonly int _setMask;
    private readonly long _interval;
    private readonly long _tolerance;
    private long _evicted;

    /// <param name="requests">Requests per period.</param>
    /// <param name="periodTicks">Length of the period, in the caller's clock ticks.</param>
    /// <param name="burst">Requests that may come at once.</param>
    /// <param name="keysMax">Keys that are remembered, rounded up to a power of two.</param>
    public TokenBuckets(int requests, long periodTicks, int burst, int keysMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(requests, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(periodTicks, 1);
        _interval = Math.Max(1, periodTicks / requests);
        _tolerance = _interval * Math.Max(1, burst);
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, keysMax / Ways));
        _setMask = sets - 1;
        _slots = new Slot[sets * Ways];
        _locks = new Lock[Math.Min(sets, LocksMax)];
        for (var i = 0; i < _locks.Length; i++) _locks[i] = new Lock();
    }

    /// <summary>Buckets that were given up although they were not full.</summary>
    public long Evicted => Interlocked.Read(ref _evicted);

    /// <summary>True for a key that has a bucket.</summary>
    public bool Knows(UInt128 key)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            foreach (ref readonly var slot in _slots.AsSpan(set * Ways, Ways))
            {
                if (slot.IsUsed && slot.Key == key) return true;
            }

            return false;
        }
    }

    /// <summary>Takes one token. Zero when there was one, else the ticks until there will be.</summary>
    public long Take(UInt128 key, long now)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            ref var slot = ref Find(_slots.AsSpan(set * Ways, Ways), key, now);
            var full = Math.Max(slot.FullAt, now) + _interval;
            var wait = full - now - _tolerance;
            if (wait > 0) return wait;
            slot.FullAt = full;
            return 0;
        }
    }

    private ref Slot Find(Span<Slot> set, UInt128 key, long now)
    {
        var nearest = 0;
        for (var i = 0; i < set.Length; i++)
        {
            if (set[i].Key == key && set[i].IsUsed) return ref set[i];
            if (!set[nearest].IsUsed) continue;
            if (!set[i].IsUsed || set[i].FullAt < set[nearest].FullAt) nearest = i;
        }

        ref var slot = ref set[nearest];
        if (slot.IsUsed && slot.FullAt > now) Interlocked.Increment(ref _evicted);
        slot = new Slot { Key = key, FullAt = now, IsUsed = true };
        return ref slot;
    }

    private struct Slot
    {
        public UInt128 Key;
        public long FullAt;
        public bool IsUsed;
    }
}
