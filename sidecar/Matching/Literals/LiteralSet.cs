namespace WafOperator.Matching;

/// <summary>
/// Finds which of many literals occur in an input, ASCII letters compared without case, in one pass. Exact: a literal's
/// bit is set if and only if it occurs. Immutable, safe for concurrent use; scanning allocates nothing.
/// </summary>
public sealed class LiteralSet
{
    private readonly PrefilterSet _patterns;

    private LiteralSet(PrefilterSet patterns) => _patterns = patterns;

    public int Count => _patterns.PatternCount;

    /// <summary>Length of the bit set that <see cref="Scan"/> fills, in 64-bit words.</summary>
    public int WordCount => _patterns.WordCount;

    /// <summary>Compiles the literals. An empty one occurs in every input.</summary>
    public static LiteralSet Create(IReadOnlyList<byte[]> literals)
    {
        ArgumentNullException.ThrowIfNull(literals);
        var conditions = literals.Select(literal => literal.Length == 0
            ? PatternCondition.Always
            : new PatternCondition([new LiteralClause([[.. literal]])], literal.Length));
        return new(PrefilterSet.CreateExact([.. conditions]));
    }

    /// <summary>Overwrites <paramref name="found"/> with one bit for each literal, set where it occurs.</summary>
    public void Scan(ReadOnlySpan<byte> input, Span<ulong> found) => _patterns.Scan(input, found);
}
