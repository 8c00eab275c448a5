// Aho-Corasick as a table: all literals in one trie, each node's missing edges filled with the edge its longest proper
// suffix has, so that reading a byte is one table look-up whatever the number of literals (Aho and Corasick, "Efficient
// string matching", 1975).
//
// Bytes are first mapped to classes: upper and lower case of a letter share one, all bytes that no literal contains
// share class 0. The table is stored class by class, so that the look-up is one addition and one load: offset of the
// class plus state. States are numbered breadth first, so that those near the root, where benign text stays, lie
// together in the cache; then those at whose end a literal is complete are moved to the end, so that the test "is
// there something to report" is one comparison.
namespace WafOperator.Matching;

/// <summary>
/// An immutable automaton over literals; each state knows the literals that end there. The root is state 0.
/// </summary>
internal sealed class LiteralAutomaton
{
    private LiteralAutomaton(byte[] classes, int[] table, int stateCount, int firstReporting, int[][] reports)
    {
        Offsets = Array.ConvertAll(classes, group => (uint)(group * stateCount));
        FirstReporting = firstReporting;
        Reports = reports;
        StateCount = stateCount;
        if (stateCount <= ushort.MaxValue) NarrowTable = Array.ConvertAll(table, entry => (ushort)entry);
        else WideTable = table;
    }

    /// <summary>For each byte where its class begins in the table.</summary>
    public uint[] Offsets { get; }

    /// <summary>The states an edge leads to, class by class; null where 16 bits are too few.</summary>
    public ushort[]? NarrowTable { get; }

    /// <summary>The same with 32 bits an entry; one of the two tables exists.</summary>
    public int[]? WideTable { get; }

    /// <summary>States from this one on have reports.</summary>
    public int FirstReporting { get; }

    /// <summary>
    /// For state <see cref="FirstReporting"/> + i, the indices of all literals that end there, longest first.
    /// </summary>
    public int[][] Reports { get; }

    public int StateCount { get; }

    public long TableBytes => (NarrowTable?.Length * 2L) ?? (WideTable!.Length * 4L);

    /// <summary>Builds the automaton. Literals must not be empty; duplicates are allowed.</summary>
    /// <param name="literals">The literals.</param>
    /// <param name="classesMax">
    /// Above this many classes the rarest bytes share one: then the automaton reports all literals that occur, and
    /// perhaps some that do not.
    /// </param>
    public static LiteralAutomaton Build(IReadOnlyList<byte[]> literals, int classesMax = 256)
    {
        var classes = Classes(literals, classesMax, out var classCount);
        var trie = new LiteralTrie(classes);
        for (var index = 0; index < literals.Count; index++) trie.Add(literals[index], index);
        var ends = trie.Complete();
        var order = NumberReportingLast(ends, trie.BreadthFirst, out var firstReporting);
        var table = FillTable(trie, order, classCount);
        return new(classes, table, trie.Count, firstReporting, Reorder(ends, order, firstReporting));
    }

    /// <summary>The class of each byte; class 0 is that of bytes in no literal.</summary>
    public static byte[] Classes(IReadOnlyList<byte[]> literals, int classesMax, out int count)
    {
        var uses = new int[256];
        foreach (var literal in literals)
        {
            foreach (var value in literal) uses[AsciiCase.ToLower(value)]++;
        }

        var classes = new byte[256];
        count = 1;
        var used = Enumerable.Range(0, 256).Where(value => uses[value] > 0);
        foreach (var value in used.OrderByDescending(value => uses[value]))
            classes[value] = (byte)(count < classesMax ? count++ : count - 1);
        for (var upper = 'A'; upper <= 'Z'; upper++) classes[upper] = classes[upper | 0x20];
        return classes;
    }

    private static int[] NumberReportingLast(int[][] ends, List<int> breadthFirst, out int firstReporting)
    {
        var order = new int[ends.Length];
        firstReporting = ends.Count(end => end.Length == 0);
        var silent = 0;
        var reporting = firstReporting;
        foreach (var node in breadthFirst) order[node] = ends[node].Length == 0 ? silent++ : reporting++;
        return order;
    }

    private static int[][] Reorder(int[][] ends, int[] order, int firstReporting)
    {
        var reports = new int[ends.Length - firstReporting][];
        for (var node = 0; node < ends.Length; node++)
        {
            if (order[node] >= firstReporting) reports[order[node] - firstReporting] = ends[node];
        }

        return reports;
    }

    /// <summary>
    /// Nearer nodes first: a node's row is that of its suffix, which is known by then, with its own children.
    /// </summary>
    private static int[] FillTable(LiteralTrie trie, int[] order, int classCount)
    {
        var stateCount = trie.Count;
        var table = new int[stateCount * classCount];
        foreach (var node in trie.BreadthFirst)
        {
            var state = order[node];
            var suffix = order[trie.SuffixOf(node)];
            if (node != 0)
            {
                for (var column = 0; column < table.Length; column += stateCount)
                    table[column + state] = table[column + suffix];
            }

            foreach (var child in trie.Children(node)) table[(trie.LabelOf(child) * stateCount) + state] = order[child];
        }

        return table;
    }
}
