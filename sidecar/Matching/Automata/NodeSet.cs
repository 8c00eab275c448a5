namespace WafOperator.Matching;

/// <summary>
/// A set of small integers with insertion, membership and clearing in constant time (Briggs and Torczon, "An efficient
/// representation for sparse sets", 1993).
/// </summary>
internal sealed class NodeSet(int capacity)
{
    private readonly int[] _dense = new int[capacity];
    private readonly int[] _sparse = new int[capacity];

    public int Count { get; private set; }

    public int Capacity => _dense.Length;

    public ReadOnlySpan<int> Members => _dense.AsSpan(0, Count);

    public bool Add(int member)
    {
        var slot = _sparse[member];
        if ((uint)slot < (uint)Count && _dense[slot] == member) return false;
        _sparse[member] = Count;
        _dense[Count++] = member;
        return true;
    }

    public void Clear() => Count = 0;
}
