using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace WafOperator.Engine;

/// <summary>
/// The persistent collections (IP, SESSION, USER, GLOBAL, RESOURCE) of one sidecar, in memory and bounded: a record
/// that was not written for its time-out is gone, and beyond the limit the records that were written longest ago make
/// room. Thread-safe.
/// </summary>
public sealed class CollectionStore
{
    private readonly ConcurrentDictionary<byte[], CollectionRecord> _records = new(KeyComparer.Instance);
    private readonly ConcurrentDictionary<byte[], CollectionRecord>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly ConcurrentQueue<byte[]> _order = new();
    private readonly EngineLimits _limits;
    private readonly TimeProvider _time;
    private long _evicted;

    /// <summary>An empty store.</summary>
    public CollectionStore(EngineLimits limits, TimeProvider time)
    {
        _limits = limits;
        _time = time;
        _lookup = _records.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Records held.</summary>
    public int Count => _records.Count;

    /// <summary>Records that made room before their time.</summary>
    public long Evicted => Interlocked.Read(ref _evicted);

    internal long NowMilliseconds => _time.GetTimestamp() * 1000 / _time.TimestampFrequency;

    /// <summary>The record of a key, or null where there is none or it is out of date.</summary>
    internal CollectionRecord? Find(ReadOnlySpan<byte> key)
    {
        if (!_lookup.TryGetValue(Cut(key), out var record))
        {
            return null;
        }

        return record.IsExpired(NowMilliseconds) ? null : record;
    }

    /// <summary>The record of a key, made where there is none.</summary>
    internal CollectionRecord FindOrAdd(ReadOnlySpan<byte> key, TimeSpan timeout)
    {
        key = Cut(key);
        var now = NowMilliseconds;
        if (_lookup.TryGetValue(key, out var record))
        {
            record.Revive(now);
            return record;
        }

        var bytes = key.ToArray();
        var made = new CollectionRecord(_limits, (long)timeout.TotalMilliseconds, now);
        var kept = _records.GetOrAdd(bytes, made);
        if (ReferenceEquals(kept, made))
        {
            _order.Enqueue(bytes);
            MakeRoom(now);
        }

        return kept;
    }

    private ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> key) => key[..Math.Min(key.Length,
        _limits.CollectionKeyBytesMax)];

    /// <summary>
    /// Second chance: the oldest records go, those written since they were queued are queued again once.
    /// </summary>
    private void MakeRoom(long now)
    {
        var chances = 8;
        while (_records.Count > _limits.CollectionRecordsMax && _order.TryDequeue(out var key))
        {
            if (chances-- > 0 && _records.TryGetValue(key, out var record) && record.TakeSecondChance(now))
            {
                _order.Enqueue(key);
                continue;
            }

            if (_records.TryRemove(key, out _))
            {
                Interlocked.Increment(ref _evicted);
            }
        }
    }

    private sealed class KeyComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        /// <summary>Seeded per process: clients choose keys.</summary>
        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
