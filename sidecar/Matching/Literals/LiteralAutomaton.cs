// Aho-Corasick as a table: all literals in one trie, each node's missing edges filled with the edge its longest proper
// suffix has, so that reading a byte is one table look-up whatever the number of literals (Aho and Corasick, "Efficient
// string matching", 1975).
//
// Bytes are first mapped to classes (upper and lower case of a letter share one, all bytes that no literal contains
// share
// class 0), which keeps a row short. States are numbered breadth first, so that rows near the root, where benign text
// stays,
// lie together in the cache; then those at whose end a literal is complete are moved to the end, so that the test "is
// there
// something to report" is one comparison.
namespace WafOperator.Matching;

/// <summary>An immutable automaton over literals; each state knows the literals that end there.</summary>
internal sealed class LiteralAutomaton
{
    private LiteralAutomaton(byte[] classes, int shift, int[] table, int firstReporting, int[][] reports)
    {
        Classes = classes;
        Shift = shift;
        Table = table;
        FirstReporting = firstReporting;
        Reports = reports;
    }

    /// <summary>The class of each of the 256 bytes.</summary>
    public byte[] Classes { get; }

    /// <summary>A row has 1 &lt;&lt; Shift entries.</summary>
    public int Shift { get; }

    /// <summary>Row after row; an entry is the row's state number. The root is state 0.</summary>
    public int[] Table { get; }

    /// <summary>States from this one on have reports.</summary>
    public int FirstReporting { get; }

    /// <summary>For state <see cref="FirstReporting"/> + i, the indices of all literals that end there, longest
    /// first.</summary>
    public int[][] Reports { get; }

    public int StateCount => Table.Length >> Shift;

    /// <summary>Builds the automaton. Literals must not be empty; duplicates are allowed.</summary>
    public static LiteralAutomaton Build(IReadOnlyList<byte[]> literals)
    {
        var classes = BuildClasses(literals, out var classCount);
        var shift = 0;
        while (1 << shift < classCount) shift++;
        var trie = new Trie(shift, classes);
        for (var index = 0; index < literals.Count; index++) trie.Add(literals[index], index);
        var ends = trie.Complete(out var breadthFirst);
        var order = NumberReportingLast(ends, breadthFirst, out var firstReporting);
        return new(classes, shift, trie.Renumber(order), firstReporting, Reorder(ends, order, firstReporting));
    }

    private static byte[] BuildClasses(IReadOnlyList<byte[]> literals, out int classCount)
    {
        var classes = new byte[256];
        var next = 1;
        foreach (var literal in literals)
        {
            foreach (var value in literal)
            {
                var lower = AsciiCase.ToLower(value);
                if (classes[lower] == 0) classes[lower] = (byte)next++;
            }
        }

        for (var upper = 'A'; upper <= 'Z'; upper++) classes[upper] = classes[upper | 0x20];
        classCount = next;
        return classes;
    }

    private static int[] NumberReportingLast(int[][] ends, List<int> breadthFirst, out int firstReporting)
    {
        var order = new int[ends.Length];
        firstReporting = ends.Count(end => end.Length == 0);
        var silent = 0;
        var reporting = firstReporting;
        foreach (var state in breadthFirst) order[state] = ends[state].Length == 0 ? silent++ : reporting++;
        return order;
    }

    private static int[][] Reorder(int[][] ends, int[] order, int firstReporting)
    {
        var reports = new int[ends.Length - firstReporting][];
        for (var state = 0; state < ends.Length; state++)
        {
            if (order[state] >= firstReporting) reports[order[state] - firstReporting] = ends[state];
        }

        return reports;
    }

    /// <summary>The trie while it grows: rows of edges, 0 meaning none, since nothing leads back to the root.</summary>
    private sealed class Trie(int shift, byte[] classes)
    {
        private readonly List<int[]> _rows = [new int[1 << shift]];
        private readonly List<List<int>?> _ends = [null];

        public void Add(ReadOnlySpan<byte> literal, int index)
        {
            var state = 0;
            foreach (var value in literal)
            {
                var slot = classes[value];
                if (_rows[state][slot] == 0)
                {
                    _rows[state][slot] = _rows.Count;
                    _rows.Add(new int[1 << shift]);
                    _ends.Add(null);
                }

                state = _rows[state][slot];
            }

            (_ends[state] ??= []).Add(index);
        }

        /// <summary>Fills the missing edges breadth first and returns what ends at each state, suffixes
        /// included.</summary>
        public int[][] Complete(out List<int> breadthFirst)
        {
            breadthFirst = [0];
            var suffix = new int[_rows.Count];
            var ends = new int[_rows.Count][];
            ends[0] = [];
            var queue = new Queue<int>();
            foreach (var child in _rows[0].Where(child => child != 0)) queue.Enqueue(child);
            while (queue.TryDequeue(out var state))
            {
                breadthFirst.Add(state);
                ends[state] = [.. _ends[state] ?? [], .. ends[suffix[state]]];
                var row = _rows[state];
                for (var slot = 0; slot < row.Length; slot++)
                {
                    var fallback = _rows[suffix[state]][slot];
                    if (row[slot] == 0)
                    {
                        row[slot] = fallback;
                        continue;
                    }

                    suffix[row[slot]] = fallback;
                    queue.Enqueue(row[slot]);
                }
            }

            return ends;
        }

        public int[] Renumber(int[] order)
        {
            var table = new int[_rows.Count << shift];
            for (var state = 0; state < _rows.Count; state++)
            {
                for (var slot = 0; slot < 1 << shift; slot++)
                    table[(order[state] << shift) + slot] = order[_rows[state][slot]];
            }

            return table;
        }
    }
}
