

namespace WafOperator.Engine.Values;

/// <summary>
/// One value a rule can test. <see cref="Classes"/> says which kinds of bytes it holds; the rows point into the
/// transaction's pooled arrays, -1 where nothing is computed yet.
/// </summary>
internal struct Value
{
    public Text Name;
    public Text Bytes;
    public uint NameHash;
    public ulong Classes;

    /// <summary>Row of literal hits of the untransformed value.</summary>
    public int HitsRow;

    /// <summary>Row of rules that may match in the phase that runs.</summary>
    public int CandidatesRow;

    /// <summary>First of the places of transformed values, one for each node of the transformation tree.</summary>
    public int NodesBase;

    public static Value Of(Text name, Text bytes, uint nameHash) => new()
    {
        Name = name,
        Bytes = bytes,
        NameHash = nameHash,
        HitsRow = -1,
        CandidatesRow = -1,
        NodesBase = -1,
    };
}

/// <summary>A growing list of values that keeps its memory.</summary>
internal sealed class ValueList
{
    private Value[] _items = new Value[4];

    public int Count { get; private set; }

    /// <summary>How far the source (of arguments) has been read into the list.</summary>
    public int SourceRead { get; set; }

    public bool IsBuilt { get; set; }

    public ref Value this[int index] => ref _items[index];

    public Span<Value> Span => _items.AsSpan(0, Count);

    public void Add(in Value value)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        _items[Count++] = value;
    }

    public void Truncate(int count) => Count = count;

    public void Clear()
    {
        Count = 0;
        SourceRead = 0;
        IsBuilt = false;
        if (_items.Length > 4096)
        {
            _items = new Value[4];
        }
    }
}
