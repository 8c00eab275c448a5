using System.Runtime.InteropServices;

namespace WafOperator.Matching;

/// <summary>
/// The states found so far and the edges between them. Readers need no lock: an entry is written after everything it
/// leads to, the table only ever grows into a new array, and an array that was replaced merely knows less. Writers hold
/// <see cref="Gate"/>.
/// </summary>
internal sealed class DfaCache
{
    public const int Unknown = 0;
    public const int Dead = 1;
    public const int Matched = 2;

    /// <summary>The first number that names a state; its row has the same number.</summary>
    public const int FirstState = 3;

    /// <summary>Set in an entry that leads to a state which most bytes do not leave.</summary>
    public const int Idle = 0x8000;

    private const int StatesMax = 0x7FFF;
    private const int StatesMin = 4;
    private const int InitialRows = 8;

    /// <summary>What a state takes beside its row and its key, in bytes.</summary>
    private const int StateOverhead = 96;

    private readonly Dictionary<StateKey, ushort> _numbers = [];
    private readonly List<int[]> _keys = [[], [], []];
    private readonly int _shift;
    private readonly int[] _idleKey;
    private readonly RegexMemory _memory;
    private readonly long _bytesMax;
    private ushort[] _table;
    private long _bytes;
    private bool _retired;

    public DfaCache(int shift, int[] idleKey, RegexMemory memory, long bytesMax)
    {
        _shift = shift;
        _idleKey = idleKey;
        _memory = memory;
        _bytesMax = bytesMax;
        _table = new ushort[InitialRows << shift];
    }

    public Lock Gate { get; } = new();

    public ushort[] Table => Volatile.Read(ref _table);

    /// <summary>Entry states by context.</summary>
    public ushort[] Starts { get; } = new ushort[16];

    public int StateCount => _keys.Count - FirstState;

    public long Bytes => _bytes;

    /// <summary>The key of a state: context, then nodes.</summary>
    public ReadOnlySpan<int> KeyOf(int state)
    {
        lock (Gate) return _keys[state];
    }

    /// <summary>Writes an edge. Call with the gate held.</summary>
    public void SetEdge(int state, int byteClass, ushort entry) =>
        Volatile.Write(ref _table[(state << _shift) + byteClass], entry);

    /// <summary>The entry that leads to a state, which is added if it is new; 0 where the cache is full.</summary>
    public ushort Intern(ReadOnlySpan<int> key)
    {
        var copy = new StateKey(key.ToArray());
        if (_numbers.TryGetValue(copy, out var known)) return known;
        var bytes = (2L << _shift) + (4L * key.Length) + StateOverhead;
        if (_retired || !TryReserve(bytes)) return Unknown;
        _bytes += bytes;
        var state = _keys.Count;
        _keys.Add(copy.Nodes);
        if (state << _shift >= _table.Length) Grow();
        var entry = (ushort)(key.SequenceEqual(_idleKey) ? state | Idle : state);
        _numbers.Add(copy, entry);
        return entry;
    }

    private bool TryReserve(long bytes)
    {
        // A few states always fit, so that a search can begin and fall back to working without tables.
        if (StateCount < StatesMin) _memory.Reserve(bytes);
        else if (_keys.Count >= StatesMax || _bytes + bytes > _bytesMax || !_memory.TryReserve(bytes)) return false;
        return true;
    }

    /// <summary>Gives the memory back; who still reads the tables may go on doing so. Call with the gate
    /// held.</summary>
    public void Retire()
    {
        if (_retired) return;
        _retired = true;
        _memory.Release(_bytes);
    }

    private void Grow()
    {
        var larger = new ushort[_table.Length * 2];
        _table.CopyTo(larger, 0);
        Volatile.Write(ref _table, larger);
    }

    private readonly struct StateKey(int[] nodes) : IEquatable<StateKey>
    {
        public int[] Nodes => nodes;

        public bool Equals(StateKey other) => nodes.AsSpan().SequenceEqual(other.Nodes);

        public override bool Equals(object? other) => other is StateKey key && Equals(key);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(nodes.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
