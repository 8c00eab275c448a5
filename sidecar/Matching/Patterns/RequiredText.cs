namespace WafOperator.Matching;

/// <summary>
/// What is known about the text one part of a pattern matches: either all strings it can match, or clauses that each
/// match
/// satisfies. Immutable; the joining rules are those in the header of PatternAnalysis.cs.
/// </summary>
internal sealed class RequiredText
{
    private readonly IReadOnlyList<byte[]>? _exact;
    private readonly IReadOnlyList<LiteralClause> _clauses;

    private RequiredText(IReadOnlyList<byte[]>? exact, IReadOnlyList<LiteralClause> clauses)
    {
        _exact = exact;
        _clauses = clauses;
    }

    /// <summary>Any text at all, of any length.</summary>
    public static RequiredText Unknown { get; } = new(null, []);

    public static RequiredText EmptyString { get; } = new([[]], []);

    public bool IsExact => _exact is not null;

    public static RequiredText Exactly(IEnumerable<byte[]> strings) => new(strings.ToList(), []);

    public static RequiredText Requiring(LiteralClause clause) => new(null, Best([clause]));

    public static RequiredText AnyOf(List<RequiredText> options)
    {
        if (options.All(option => option._exact is not null && option._clauses.Count == 0)
            && options.Sum(option => option._exact!.Count) <= PatternAnalysis.ExactStringsMax)
            return new(Distinct(options.SelectMany(option => option._exact!)), []);
        var finished = options.Select(option => option.Finish()).ToList();
        var pairs = finished.Min(clauses => clauses.Count);
        var joined = new List<LiteralClause>();
        for (var index = 0; index < pairs; index++)
        {
            var literals = finished.SelectMany(clauses => clauses[index].Literals).Select(literal => literal.ToArray());
            joined.Add(ClauseBuilder.Build(literals));
        }

        return new(null, Best(joined));
    }

    /// <summary>This text followed by another.</summary>
    public RequiredText Then(RequiredText next)
    {
        if (next._exact is null)
        {
            return new(null, Best([.. Finish(), .. next._clauses]));
        }

        if (_exact is null || (long)_exact.Count * next._exact.Count > PatternAnalysis.JoinedStringsMax)
        {
            // The text that follows starts a list of its own; what is known so far stays as clauses.
            return new(next._exact, Best([.. Finish(), .. next._clauses]));
        }

        var joined = from left in _exact from right in next._exact select Join(left, right);
        return new(Distinct(joined), Best([.. _clauses, .. next._clauses]));
    }

    /// <summary>The same demands, made by something that consumes nothing.</summary>
    public RequiredText WithoutWidth() => new([[]], Finish());

    /// <summary>All demands as clauses, the most selective first.</summary>
    public IReadOnlyList<LiteralClause> Finish()
    {
        if (_exact is null || _exact.Any(text => text.Length == 0)) return _clauses;
        return Best([.. _clauses, ClauseBuilder.Build(_exact)]);
    }

    private static List<LiteralClause> Best(List<LiteralClause> clauses) =>
        clauses.Count == 0 ? clauses
        : clauses.Select(clause => (clause, cost: ClauseBuilder.Cost(clause)))
            .Where(entry => entry.cost <= PatternAnalysis.UsefulCostMax)
            .OrderBy(entry => entry.cost)
            .Select(entry => entry.clause)
            .Take(PatternAnalysis.ClausesMax)
            .ToList();

    private static byte[] Join(byte[] left, byte[] right)
    {
        // A prefix of required text is required as well, so that long text need not be kept whole. The cut must not be
        // extended by what follows it: a string that was cut stays as it is.
        if (left.Length >= ClauseBuilder.LiteralBytesMax) return left;
        return [.. left, .. right];
    }

    private static List<byte[]> Distinct(IEnumerable<byte[]> strings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return strings.Where(text => seen.Add(System.Text.Encoding.Latin1.GetString(text))).ToList();
    }
}
