using System.Numerics;

namespace WafOperator.Behaviour.History;

/// <summary>
/// A part of the history: records in one array, an index by key, and three lists in order of use. When a new client
/// comes and all records are taken, the new client that was silent longest makes room. Clients that were seen for long,
/// and those that something speaks against, are kept apart up to a share of the records, so that no number of new keys
/// moves them out. Every operation takes the same few steps. Not thread-safe.
/// </summary>
internal sealed class ClientShard
{
    /// <summary>Requests, and minutes between the first and the last, that make a client known.</summary>
    public const int KnownRequests = 10;
    public const int KnownMinutes = 10;

    /// <summary>Suspicion that makes a client a suspect.</summary>
    public const int SuspectFrom = 64;

    /// <summary>Suspects that are looked at to find the one that matters least.</summary>
    private const int Candidates = 4;

    private const double KnownShare = 0.6;
    private const double SuspectShare = 0.3;

    /// <summary>Suspicion halves in this time.</summary>
    private const long HalfLife = 60 * 60 * 1000;

    private readonly ClientRecord[] _records;
    private readonly int[] _index;
    private readonly int[] _heads = [-1, -1, -1];
    private readonly int[] _tails = [-1, -1, -1];
    private readonly int[] _counts = [0, 0, 0];
    private readonly int[] _quotas;
    private int _used;

    public ClientShard(int clients)
    {
        _records = new ClientRecord[clients];
        // There is always an empty place, at which the search for a key that is not there ends.
        _index = new int[BitOperations.RoundUpToPowerOf2((uint)clients * 3 / 2 + 1)];
        _quotas = [clients, Math.Max(1, (int)(clients * KnownShare)), Math.Max(1, (int)(clients * SuspectShare))];
    }

    /// <summary>Bytes of records and index.</summary>
    public long Bytes => _records.LongLength * System.Runtime.CompilerServices.Unsafe.SizeOf<ClientRecord>()
        + _index.LongLength * sizeof(int);

    /// <summary>Records that were given to another client.</summary>
    public long Evicted { get; private set; }

    public int CountOf(ClientSegment segment) => _counts[(int)segment];

    /// <summary>The record of a client, or a null reference.</summary>
    public ref ClientRecord Find(UInt128 key)
    {
        var slot = SlotOf(key);
        if (slot < 0) return ref System.Runtime.CompilerServices.Unsafe.NullRef<ClientRecord>();
        return ref _records[slot];
    }

    /// <summary>Adds a request to its client, who gets a record if there is none.</summary>
    /// <param name="key">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="suspicion">How much it speaks against the client, 0 to 255.</param>
    /// <param name="now">Milliseconds.</param>
    public ref ClientRecord Add(UInt128 key, in Observation request, byte suspicion, long now)
    {
        var slot = SlotOf(key);
        if (slot < 0) slot = Insert(key);
        else Unlink(slot);
        ref var record = ref _records[slot];
        var past = record.Count == 0 ? 0 : Faded(record.Suspicion, now - record.LastAt);
        record.Suspicion = Math.Max((byte)past, suspicion);
        record.Add(request, now);
        Place(slot, now);
        return ref record;
    }

    /// <summary>Raises what speaks against a client after its request was added.</summary>
    public void Suspect(ref ClientRecord record, byte suspicion, long now)
    {
        if (suspicion <= record.Suspicion) return;
        record.Suspicion = suspicion;
        var slot = SlotOf(record.Key);
        Unlink(slot);
        Place(slot, now);
    }

    private static int Faded(byte suspicion, long milliseconds) =>
        (int)(suspicion * Math.Pow(0.5, Math.Max(0, milliseconds) / (double)HalfLife));

    private void Place(int slot, long now)
    {
        ref var record = ref _records[slot];
        var segment = SegmentOf(record, now);
        if (segment is ClientSegment.Suspect && record.Segment is not ClientSegment.Suspect && IsFull(segment)
            && !Displace(record.Suspicion)) segment = ClientSegment.New;
        if (segment is ClientSegment.Known && IsFull(segment)) Demote(_tails[(int)segment]);
        Link(slot, segment);
    }

    private static ClientSegment SegmentOf(in ClientRecord record, long now)
    {
        if (record.Suspicion >= SuspectFrom) return ClientSegment.Suspect;
        var isKnown = record.Count >= KnownRequests && now / 1000 - record.FirstSecond >= KnownMinutes * 60;
        return isKnown ? ClientSegment.Known : ClientSegment.New;
    }

    private bool IsFull(ClientSegment segment) => _counts[(int)segment] >= _quotas[(int)segment];

    /// <summary>The least of the suspects that were silent longest makes room for a worse one.</summary>
    private bool Displace(byte suspicion)
    {
        var least = _tails[(int)ClientSegment.Suspect];
        var at = least;
        for (var i = 0; i < Candidates && at >= 0; i++, at = _records[at].Previous)
        {
            if (_records[at].Suspicion < _records[least].Suspicion) least = at;
        }

        if (least < 0 || _records[least].Suspicion >= suspicion) return false;
        Demote(least);
        return true;
    }

    private void Demote(int slot)
    {
        Unlink(slot);
        Link(slot, ClientSegment.New);
    }

    private int Insert(UInt128 key)
    {
        int slot;
        if (_used < _records.Length)
        {
            slot = _used++;
        }
        else
        {
            slot = Victim();
            Unlink(slot);
            Forget(_records[slot].Key);
            Evicted++;
        }

        _records[slot] = new ClientRecord { Key = key, Previous = -1, Next = -1 };
        var at = HomeOf(key);
        while (_index[at] != 0) at = at + 1 & _index.Length - 1;
        _index[at] = slot + 1;
        return slot;
    }

    private int Victim()
    {
        foreach (var tail in _tails)
        {
            if (tail >= 0) return tail;
        }

        throw new InvalidOperationException("a full shard has no record in any list");
    }

    private int SlotOf(UInt128 key)
    {
        for (var at = HomeOf(key); _index[at] != 0; at = at + 1 & _index.Length - 1)
        {
            if (_records[_index[at] - 1].Key == key) return _index[at] - 1;
        }

        return -1;
    }

    private int HomeOf(UInt128 key) => (int)(ulong)(key >> 32) & _index.Length - 1;

    /// <summary>
    /// Takes a key out of the index and closes the gap, so that look-ups never pass over dead places.
    /// </summary>
    private void Forget(UInt128 key)
    {
        var mask = _index.Length - 1;
        var at = HomeOf(key);
        while (_records[_index[at] - 1].Key != key) at = at + 1 & mask;
        var hole = at;
        while (true)
        {
            at = at + 1 & mask;
            if (_index[at] == 0) break;
            var home = HomeOf(_records[_index[at] - 1].Key);
            if ((at - home & mask) < (at - hole & mask)) continue;
            _index[hole] = _index[at];
            hole = at;
        }

        _index[hole] = 0;
    }

    private void Link(int slot, ClientSegment segment)
    {
        ref var record = ref _records[slot];
        var list = (int)segment;
        record.Segment = segment;
        record.Previous = -1;
        record.Next = _heads[list];
        if (_heads[list] >= 0) _records[_heads[list]].Previous = slot;
        else _tails[list] = slot;
        _heads[list] = slot;
        _counts[list]++;
    }

    private void Unlink(int slot)
    {
        ref var record = ref _records[slot];
        var list = (int)record.Segment;
        if (record.Previous >= 0) _records[record.Previous].Next = record.Next;
        else _heads[list] = record.Next;
        if (record.Next >= 0) _records[record.Next].Previous = record.Previous;
        else _tails[list] = record.Previous;
        _counts[list]--;
    }
}
