namespace WafOperator.Matching;

/// <summary>Bits to set in one word of the rows.</summary>
internal readonly record struct RowBits(int Word, ulong Bits);

/// <summary>Compiles conditions into rows of bits; the layout is described in PrefilterSet.cs.</summary>
internal sealed class PrefilterRows
{
    /// <summary>Groups of single bytes: one for each bit of the mask that the pass keeps in a register.</summary>
    private const int GroupsMax = 64;

    private readonly List<List<RowBits>> _literalBits = [];

    private PrefilterRows(IReadOnlyList<PatternCondition> conditions)
    {
        PatternCount = conditions.Count;
        WordCount = Math.Max(1, (conditions.Count + 63) / 64);
        Slots = Math.Max(1, conditions.Count == 0 ? 1 : conditions.Max(condition => condition.Clauses.Length));
        Initial = new ulong[WordCount * Slots];
    }

    public int PatternCount { get; }

    public int WordCount { get; }

    /// <summary>Rows: the largest number of clauses of a pattern.</summary>
    public int Slots { get; }

    public ulong[] Initial { get; }

    /// <summary>For each byte the bit of its group, or 0.</summary>
    public ulong[] ByteMasks { get; } = new ulong[256];

    /// <summary>For each group what it sets.</summary>
    public RowBits[][] ByteBits { get; private set; } = [];

    /// <summary>What the automaton looks for; index i sets the i-th entry of the literal bits.</summary>
    public List<byte[]> Literals { get; } = [];

    public static PrefilterRows Build(IReadOnlyList<PatternCondition> conditions)
    {
        var rows = new PrefilterRows(conditions);
        var bitsByLiteral = new Dictionary<string, (byte[] Literal, List<RowBits> Bits)>(StringComparer.Ordinal);
        for (var pattern = 0; pattern < conditions.Count; pattern++)
            rows.AddPattern(pattern, conditions[pattern], bitsByLiteral);
        var groups = rows.AssignGroups(bitsByLiteral.Values.Where(entry => entry.Literal.Length == 1));
        foreach (var (literal, bits) in bitsByLiteral.Values)
        {
            if (literal.Length == 1 && rows.ByteMasks[literal[0]] != 0) continue;
            rows.Literals.Add(literal);
            rows._literalBits.Add(bits);
        }

        rows.ByteBits = groups;
        return rows;
    }

    /// <summary>What all of the given literals set together.</summary>
    public RowBits[] Merge(int[] literals) => Merge(literals.SelectMany(literal => _literalBits[literal]));

    private static RowBits[] Merge(IEnumerable<RowBits> bits) =>
        [.. bits.GroupBy(entry => entry.Word)
            .Select(word => new RowBits(word.Key, word.Aggregate(0UL, (all, entry) => all | entry.Bits)))
            .OrderBy(entry => entry.Word)];

    private void AddPattern(
        int pattern, PatternCondition condition, Dictionary<string, (byte[] Literal, List<RowBits> Bits)> bitsByLiteral)
    {
        var bit = 1UL << (pattern & 63);
        for (var slot = 0; slot < Slots; slot++)
        {
            var word = (slot * WordCount) + (pattern >> 6);
            if (slot >= condition.Clauses.Length)
            {
                Initial[word] |= bit;
                continue;
            }

            foreach (var literal in condition.Clauses[slot].Literals)
            {
                var bytes = Array.ConvertAll(literal.ToArray(), AsciiCase.ToLower);
                var key = System.Text.Encoding.Latin1.GetString(bytes);
                if (!bitsByLiteral.TryGetValue(key, out var entry)) bitsByLiteral.Add(key, entry = (bytes, []));
                entry.Bits.Add(new(word, bit));
            }
        }
    }

    /// <summary>Bytes with the same consequences share a group; those beyond the last group stay with the
    /// automaton.</summary>
    private RowBits[][] AssignGroups(IEnumerable<(byte[] Literal, List<RowBits> Bits)> singles)
    {
        var groups = new List<RowBits[]>();
        foreach (var (literal, bits) in singles)
        {
            var merged = Merge(bits);
            var group = groups.FindIndex(known => known.AsSpan().SequenceEqual(merged));
            if (group < 0)
            {
                if (groups.Count == GroupsMax) continue;
                group = groups.Count;
                groups.Add(merged);
            }

            var lower = literal[0];
            ByteMasks[lower] = 1UL << group;
            if (lower is >= (byte)'a' and <= (byte)'z') ByteMasks[lower & 0xDF] = 1UL << group;
        }

        return [.. groups];
    }
}
