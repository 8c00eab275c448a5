using System.Numerics;

namespace WafOperator.Behaviour.Limits;

/// <summary>
/// How many different values a key had within a sliding period, in memory of a fixed size: for each key a set of 32-bit
/// fingerprints with the moment each was last seen. Exact up to the limit, which is all that is asked; a value that is
/// in the set already never counts again, so that a client which stays with its values is never refused. A full set of
/// keys gives up the key with the fewest values: who is near the limit stays. Thread-safe.
/// </summary>
public sealed class DistinctTable
{
    /// <summary>Values of one key at most.</summary>
    public const int ValuesMax = 1000;

    /// <summary>Memory of one table, bytes.</summary>
    public const int BytesMax = 4 << 20;

    private const int Ways = 8;
    private const int LocksMax = 64;
    private const int KeyBytes = 24;
    private const int ValueBytes = 8;

    private readonly Entry[] _entries;
    private readonly Value[] _values;
    private readonly Lock[] _locks;
    private readonly int _limit;
    private readonly int _setMask;
    private readonly long _periodTicks;
    private readonly long _ticksPerStep;

    /// <param name="limit">Different values that are let through, 1 to <see cref="ValuesMax"/>.</param>
    /// <param name="periodTicks">Length of the sliding period, in the caller's clock ticks.</param>
    /// <param name="keysMax">Keys that are remembered at most; fewer where <see cref="BytesMax"/> holds fewer.</param>
    public DistinctTable(int limit, long periodTicks, int keysMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(periodTicks, 1);
        _limit = Math.Clamp(limit, 1, ValuesMax);
        _periodTicks = periodTicks;
        _ticksPerStep = Math.Max(1, periodTicks / 4096);
        var keys = Math.Max(Ways, Math.Min(keysMax, BytesMax / (KeyBytes + ValueBytes * _limit)));
        var sets = 1 << BitOperations.Log2((uint)(keys / Ways));
        _setMask = sets - 1;
        _entries = new Entry[sets * Ways];
        _values = new Value[sets * Ways * _limit];
        _locks = new Lock[Math.Min(sets, LocksMax)];
        for (var i = 0; i < _locks.Length; i++) _locks[i] = new Lock();
    }

    /// <summary>Keys that are remembered.</summary>
    public int Keys => _entries.Length;

    /// <summary>
    /// Adds a value to a key's set. Zero when it was there or there was room, else ticks until there is.
    /// </summary>
    public RateAnswer Add(UInt128 key, UInt128 value, long now)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            var place = Find(set, key, now);
            var values = _values.AsSpan(place * _limit, _limit);
            ref var entry = ref _entries[place];
            var step = (uint)(now / _ticksPerStep);
            var print = (uint)(value >> 64);
            for (var i = 0; i < entry.Count;)
            {
                if (IsOver(values[i], step))
                {
                    values[i] = values[--entry.Count];
                    continue;
                }

                if (values[i].Print == print)
                {
                    values[i].Step = step;
                    return new RateAnswer(0, _limit - entry.Count);
                }

                i++;
            }

            if (entry.Count == _limit) return new RateAnswer(WaitOf(values, step), 0);
            values[entry.Count++] = new Value { Print = print, Step = step };
            entry.LastAt = now;
            return new RateAnswer(0, _limit - entry.Count);
        }
    }

    /// <summary>Whether the key has values that may still count.</summary>
    public bool Knows(UInt128 key, long now)
    {
        var set = (int)(ulong)key & _setMask;
        lock (_locks[set & _locks.Length - 1])
        {
            foreach (ref readonly var entry in _entries.AsSpan(set * Ways, Ways))
            {
                if (entry.IsUsed && entry.Key == key) return entry.Count > 0 && now - entry.LastAt < _periodTicks;
            }

            return false;
        }
    }

    private long WaitOf(ReadOnlySpan<Value> values, uint step)
    {
        uint age = 0;
        foreach (var value in values) age = Math.Max(age, step - value.Step);
        return Math.Max(1, _periodTicks - age * _ticksPerStep);
    }

    private bool IsOver(Value value, uint step) => (step - value.Step) * _ticksPerStep >= _periodTicks;

    private int Find(int set, UInt128 key, long now)
    {
        var first = set * Ways;
        var least = first;
        for (var i = first; i < first + Ways; i++)
        {
            if (_entries[i].IsUsed && _entries[i].Key == key) return i;
            if (WeightOf(i, now) < WeightOf(least, now)) least = i;
        }

        _entries[least] = new Entry { Key = key, IsUsed = true, LastAt = now };
        return least;
    }

    private int WeightOf(int place, long now)
    {
        ref readonly var entry = ref _entries[place];
        if (!entry.IsUsed) return -1;
        return now - entry.LastAt >= _periodTicks ? 0 : entry.Count;
    }

    private struct Entry
    {
        public UInt128 Key;
        public long LastAt;
        public int Count;
        public bool IsUsed;
    }

    private struct Value
    {
        public uint Print;
        public uint Step;
    }
}
