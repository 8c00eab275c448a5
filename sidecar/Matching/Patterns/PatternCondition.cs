using System.Collections.Immutable;

namespace WafOperator.Matching;

/// <summary>
/// One necessary condition: at least one of the literals occurs in the input, ASCII letters compared without case.
/// Literals are in lower case and at least one byte long.
/// </summary>
public sealed record LiteralClause(ImmutableArray<ImmutableArray<byte>> Literals);

/// <summary>
/// What an input must contain so that a pattern can match it at all: every clause holds and the input has at least
/// <see cref="MinLength"/> bytes. Necessary, never sufficient: an input that fails it cannot match ("no"), one that
/// passes may ("maybe"). Immutable.
/// </summary>
/// <param name="Clauses">All must hold, the most selective first; empty where nothing is known.</param>
/// <param name="MinLength">Length of the shortest match, in bytes.</param>
public sealed record PatternCondition(ImmutableArray<LiteralClause> Clauses, int MinLength)
{
    private const int LongListFrom = 4_096;
    private const int LongListBytes = 3;

    /// <summary>The condition that every input meets.</summary>
    public static PatternCondition Always { get; } = new([], 0);

    /// <summary>
    /// For operators that look for fixed text (`@contains`, `@pm`, `@streq`, …): one of the literals must occur. An
    /// empty literal occurs everywhere, so that with one among them the condition always holds.
    /// </summary>
    public static PatternCondition ContainsAny(IReadOnlyList<byte[]> literals)
    {
        ArgumentNullException.ThrowIfNull(literals);
        if (literals.Count == 0 || literals.Any(literal => literal.Length == 0)) return Always;
        var length = literals.Min(literal => literal.Length);
        // Long lists are cut shorter, so that they stay a part of the shared automaton; where that leaves text that
        // occurs everywhere, the list is better searched on its own.
        var clause = literals.Count <= LongListFrom
            ? ClauseBuilder.Build(literals)
            : ClauseBuilder.Build(literals.Select(literal => literal[..Math.Min(literal.Length, LongListBytes)]));
        return ClauseBuilder.Cost(clause) <= PatternAnalysis.UsefulCostMax ? new([clause], length) : new([], length);
    }
}
