using System.Numerics;

namespace WafOperator.Behaviour.Limits;

/// <summary>
/// Failures and successes by key, fading, in memory of a fixed size: sets of eight slots. A full set gives up the key
/// with the fewest failures: who is being limited stays limited, however many other keys there are. Thread-safe.
/// </summary>
public sealed class FailureTable
{
    private const int Ways = 8;
    private const int LocksMax = 64;

    private readonly Slot[] _slots;
    private readonly Lock[] _locks;
    private readonly int _setMask;
    private readonly double _periodTicks;

    /// <param name="periodTicks">Ticks after which something counts 1/e.</param>
    /// <param name="keysMax">Keys that are remembered, rounded up to a power of two; 40 bytes each.</param>
    public FailureTable(long periodTicks, int keysMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(periodTicks, 1);
        _periodTicks = periodTicks;
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, keysMax / Ways));
        _setMask = sets - 1;
        _slots = new Slot[sets * Ways];
        _locks = new Lock[Math.Min(sets, LocksMax)];
        for (var i = 0; i < _locks.Length; i++) _locks[i] = new Lock();
    }

    /// <summary>Counts an attempt.</summary>
    public void Add(UInt128 key, bool isFailure, long now)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            ref var slot = ref Find(set, key, now);
            Fade(ref slot, now);
            if (isFailure) slot.Failures++;
            else slot.Successes++;
        }
    }

    /// <summary>Failures and successes of a key, as far as they still count.</summary>
    public (double Failures, double Successes) Read(UInt128 key, long now)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            foreach (ref var slot in _slots.AsSpan(set * Ways, Ways))
            {
                if (!slot.IsUsed || slot.Key != key) continue;
                Fade(ref slot, now);
                return (slot.Failures, slot.Successes);
            }

            return default;
        }
    }

    /// <summary>
    /// Ticks until a key may try again: 0 while it has fewer failures than the limit, or a smaller share of them.
    /// </summary>
    public long WaitOf(UInt128 key, int limit, double share, long now)
    {
        var (failures, successes) = Read(key, now);
        // The next failure would be over the limit; with a limit of one, half of it must have faded.
        var most = Math.Max(limit - 1, 0.5);
        if (failures <= most || failures < share * (failures + successes)) return 0;
        return Math.Max(1, (long)(_periodTicks * Math.Log(failures / most)));
    }

    private void Fade(ref Slot slot, long now)
    {
        if (now <= slot.At) return;
        var left = (float)Math.Exp((slot.At - now) / _periodTicks);
        slot.Failures *= left;
        slot.Successes *= left;
        slot.At = now;
    }

    private ref Slot Find(int set, UInt128 key, long now)
    {
        var slots = _slots.AsSpan(set * Ways, Ways);
        var least = 0;
        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i].IsUsed && slots[i].Key == key) return ref slots[i];
            if (WeightOf(slots[i], now) < WeightOf(slots[least], now)) least = i;
        }

        slots[least] = new Slot { Key = key, IsUsed = true, At = now };
        return ref slots[least];
    }

    private double WeightOf(in Slot slot, long now) => slot.IsUsed
        ? (slot.Failures + 0.01 * slot.Successes) * Math.Exp((slot.At - now) / _periodTicks) : -1;

    private struct Slot
    {
        public UInt128 Key;
        public long At;
        public float Failures;
        public float Successes;
        public bool IsUsed;
    }
}
