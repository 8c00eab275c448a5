namespace WafOperator.Matching;

/// <summary>
/// A trie over literals with a list of children for each node, a few bytes a node; and, once completed, for each node
/// its longest proper suffix that is a node as well. Node 0 is the root.
/// </summary>
internal sealed class LiteralTrie(byte[] classes)
{
    private readonly List<byte> _labels = [0];
    private readonly List<int> _firstChildren = [0];
    private readonly List<int> _nextSiblings = [0];
    private readonly List<List<int>?> _ends = [null];
    private int[] _suffixes = [];

    public int Count => _labels.Count;

    /// <summary>All nodes, those nearer to the root first.</summary>
    public List<int> BreadthFirst { get; } = [0];

    public byte LabelOf(int node) => _labels[node];

    public int SuffixOf(int node) => _suffixes[node];

    public void Add(ReadOnlySpan<byte> literal, int index)
    {
        var node = 0;
        foreach (var value in literal)
        {
            var child = Child(node, classes[value]);
            if (child == 0)
            {
                child = Count;
                _labels.Add(classes[value]);
                _nextSiblings.Add(_firstChildren[node]);
                _firstChildren.Add(0);
                _ends.Add(null);
                _firstChildren[node] = child;
            }

            node = child;
        }

        (_ends[node] ??= []).Add(index);
    }

    /// <summary>The child for a class, or 0 where there is none: nothing leads back to the root.</summary>
    public int Child(int node, byte label)
    {
        var child = _firstChildren[node];
        while (child != 0 && _labels[child] != label) child = _nextSiblings[child];
        return child;
    }

    public IEnumerable<int> Children(int node)
    {
        for (var child = _firstChildren[node]; child != 0; child = _nextSiblings[child]) yield return child;
    }

    /// <summary>
    /// Computes the suffixes and returns for each node the literals that end there, the longest first.
    /// </summary>
    public int[][] Complete()
    {
        _suffixes = new int[Count];
        var ends = new int[Count][];
        ends[0] = [];
        for (var next = 0; next < BreadthFirst.Count; next++)
        {
            var node = BreadthFirst[next];
            if (node != 0) ends[node] = Join(_ends[node], ends[_suffixes[node]]);
            foreach (var child in Children(node))
            {
                _suffixes[child] = node == 0 ? 0 : Follow(_suffixes[node], _labels[child]);
                BreadthFirst.Add(child);
            }
        }

        return ends;
    }

    /// <summary>Where a class leads from a node: to its child, or to that of its longest suffix that has one.</summary>
    public int Follow(int node, byte label)
    {
        while (true)
        {
            var child = Child(node, label);
            if (child != 0 || node == 0) return child;
            node = _suffixes[node];
        }
    }

    private static int[] Join(List<int>? own, int[] inherited) =>
        own is null ? inherited : inherited.Length == 0 ? [.. own] : [.. own, .. inherited];
}
