using System.Numerics;

namespace WafOperator.Behaviour.Limits;

/// <summary>What a rate says about one more unit of work.</summary>
/// <param name="WaitTicks">Zero when there was room, else the ticks until there will be.</param>
/// <param name="Remaining">Units that may still come at once.</param>
public readonly record struct RateAnswer(long WaitTicks, long Remaining);

/// <summary>
/// Rates by key in memory of a fixed size: sets of eight slots, one moment each. A rate is kept as the moment at which
/// all of it would be there again (the generic cell rate algorithm, ITU-T I.371), so refilling costs nothing and a key
/// whose moment has passed is as good as absent. A full set gives up the slot that is nearest to full: whoever is being
/// limited stays limited, however many other keys an attacker invents. Thread-safe.
/// </summary>
public sealed class RateTable
{
    private const int Ways = 8;
    private const int LocksMax = 64;

    private readonly Slot[] _slots;
    private readonly Lock[] _locks;
    private readonly int _setMask;
    private readonly long _interval;
    private long _evicted;
    private volatile int _parts = 1;

    /// <param name="units">Units per period.</param>
    /// <param name="periodTicks">Length of the period, in the caller's clock ticks.</param>
    /// <param name="burst">Units that may come at once.</param>
    /// <param name="keysMax">Keys that are remembered, rounded up to a power of two; 48 bytes each.</param>
    public RateTable(int units, long periodTicks, int burst, int keysMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(periodTicks, 1);
        Burst = Math.Max(1, burst);
        _interval = Math.Max(1, periodTicks / units);
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, keysMax / Ways));
        _setMask = sets - 1;
        _slots = new Slot[sets * Ways];
        _locks = new Lock[Math.Min(sets, LocksMax)];
        for (var i = 0; i < _locks.Length; i++) _locks[i] = new Lock();
    }

    /// <summary>Units that may come at once, of all parts together.</summary>
    public int Burst { get; }

    /// <summary>
    /// Tables that count the same keys, each for its part of the traffic: this one gives that part of rate and burst
    /// (no less than one unit at once). May change at any time; what was spent stays spent.
    /// </summary>
    public int Parts
    {
        get => _parts;
        set => _parts = Math.Max(1, value);
    }

    /// <summary>Keys that were given up although units of theirs were still spent.</summary>
    public long Evicted => Interlocked.Read(ref _evicted);

    /// <summary>True for a key that has spent units which are not back yet.</summary>
    public bool IsActive(UInt128 key, long now)
    {
        var set = SetOf(key);
        lock (LockOf(set))
        {
            foreach (ref readonly var slot in SlotsOf(set))
            {
                if (slot.IsUsed && slot.Key == key) return slot.FullAt > now;
            }

            return false;
        }
    }

    /// <summary>
    /// Takes units. Cost zero asks for room for one and takes none; a cost over the burst counts as the burst, or it
    /// could never be paid.
    /// </summary>
    public RateAnswer Take(UInt128 key, long now, int cost = 1)
    {
        var set = SetOf(key);
        var share = Share();
        var wanted = share.Interval * Math.Clamp(cost, 1, share.Burst);
        lock (LockOf(set))
        {
            ref var slot = ref Find(SlotsOf(set), key, now);
            var full = Math.Max(slot.FullAt, now);
            var wait = full + wanted - now - share.Tolerance;
            if (wait > 0) return new RateAnswer(wait, share.RemainingAt(full, now));
            if (cost > 0) slot.FullAt = full + wanted;
            return new RateAnswer(0, share.RemainingAt(slot.FullAt, now));
        }
    }

    /// <summary>
    /// Takes units for what has happened already, whether they are there or not. What is owed is at most one burst, so
    /// that nobody is kept away for longer than it takes to earn two.
    /// </summary>
    public void Charge(UInt128 key, long now, long cost)
    {
        if (cost <= 0) return;
        var set = SetOf(key);
        var share = Share();
        lock (LockOf(set))
        {
            ref var slot = ref Find(SlotsOf(set), key, now);
            var full = Math.Max(slot.FullAt, now);
            var units = Math.Min(cost, 2L * share.Burst);
            slot.FullAt = Math.Min(full + share.Interval * units, now + 2 * share.Tolerance);
        }
    }

    private Part Share()
    {
        var parts = _parts;
        var burst = Math.Max(1, (Burst + parts - 1) / parts);
        var interval = _interval * parts;
        return new Part(interval, interval * burst, burst);
    }

    private int SetOf(UInt128 key) => (int)(ulong)key & _setMask;

    private Lock LockOf(int set) => _locks[set & _locks.Length - 1];

    private Span<Slot> SlotsOf(int set) => _slots.AsSpan(set * Ways, Ways);

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

    /// <summary>This table's part of the rate, ticks.</summary>
    private readonly record struct Part(long Interval, long Tolerance, int Burst)
    {
        public long RemainingAt(long fullAt, long now) =>
            Math.Max(0, (now + Tolerance - Math.Max(fullAt, now)) / Interval);
    }

    private struct Slot
    {
        public UInt128 Key;
        public long FullAt;
        public bool IsUsed;
    }
}
