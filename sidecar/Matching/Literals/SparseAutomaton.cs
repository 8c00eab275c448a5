namespace WafOperator.Matching;

/// <summary>
/// Aho-Corasick without filling in missing edges: a node keeps its children only, sorted by class, and what is
/// missing is looked up at its suffixes while searching. Linear time still (a step towards the root needs a step away
/// from it first), some three times slower than the table, and small for lists of any length. Immutable.
/// </summary>
internal sealed class SparseAutomaton
{
    private readonly byte[] _classes;
    private readonly int[] _firstEdges;
    private readonly byte[] _labels;
    private readonly int[] _suffixes;
    private readonly int[] _reports;

    private SparseAutomaton(byte[] classes, int[] firstEdges, byte[] labels, int[] suffixes, int[] reports)
    {
        _classes = classes;
        _firstEdges = firstEdges;
        _labels = labels;
        _suffixes = suffixes;
        _reports = reports;
    }

    public static SparseAutomaton Build(IReadOnlyList<byte[]> literals)
    {
        var classes = LiteralAutomaton.Classes(literals, 256, out _);
        var trie = new LiteralTrie(classes);
        for (var index = 0; index < literals.Count; index++) trie.Add(literals[index], index);
        var ends = trie.Complete();
        // Numbered breadth first, the children of a node by class: then they follow one another, and only the number
        // of the first is needed.
        var nodes = new List<int>(trie.Count) { 0 };
        var firstEdges = new int[trie.Count + 1];
        for (var next = 0; next < nodes.Count; next++)
        {
            firstEdges[next] = nodes.Count;
            nodes.AddRange(trie.Children(nodes[next]).OrderBy(trie.LabelOf));
        }

        firstEdges[^1] = nodes.Count;
        var order = new int[trie.Count];
        for (var number = 0; number < nodes.Count; number++) order[nodes[number]] = number;
        return new(
            classes, firstEdges, [.. nodes.Select(trie.LabelOf)],
            [.. nodes.Select(node => order[trie.SuffixOf(node)])],
            [.. nodes.Select(node => ends[node].Length == 0 ? -1 : ends[node][0])]);
    }

    /// <summary>The literal that ends first, the longest of those, and where it ends; -1 where none occurs.</summary>
    public int Find(ReadOnlySpan<byte> input, out int end)
    {
        var node = 0;
        for (var position = 0; position < input.Length; position++)
        {
            var label = _classes[input[position]];
            int child;
            while ((child = Child(node, label)) < 0 && node != 0) node = _suffixes[node];
            if (child < 0) continue;
            node = child;
            if (_reports[node] < 0) continue;
            end = position + 1;
            return _reports[node];
        }

        end = 0;
        return -1;
    }

    private int Child(int node, byte label)
    {
        var first = _firstEdges[node];
        var found = _labels.AsSpan(first, _firstEdges[node + 1] - first).IndexOf(label);
        return found < 0 ? -1 : first + found;
    }
}
