namespace WafOperator.Matching;

/// <summary>
/// What is known about the text one part of a pattern matches: all strings that it ends with, if they are few, and
/// clauses that each match satisfies. Immutable; the joining rules are those in the header of PatternAnalysis.cs.
/// </summary>
internal sealed class RequiredText
{
    private readonly List<byte[]>? _endings;
    private readonly bool _isWhole;
    private readonly IReadOnlyList<LiteralClause> _clauses;

    private RequiredText(List<byte[]>? endings, bool isWhole, IReadOnlyList<LiteralClause> clauses)
    {
        _endings = endings;
        _isWhole = isWhole && endings is not null;
        _clauses = clauses;
    }

    /// <summary>Any text at all, of any length.</summary>
    public static RequiredText Unknown { get; } = new(null, false, []);

    public static RequiredText EmptyString { get; } = new([[]], true, []);

    /// <summary>Whether the strings known are all that the part matches, not only what it ends with.</summary>
    public bool IsExact => _isWhole;

    public static RequiredText Exactly(IEnumerable<byte[]> strings) => new(strings.ToList(), true, []);

    public static RequiredText Requiring(LiteralClause clause) => new(null, false, Best([clause]));

    public static RequiredText AnyOf(List<RequiredText> options)
    {
        if (options.All(option => option._isWhole && option._clauses.Count == 0)
            && options.Sum(option => option._endings!.Count) <= PatternAnalysis.ExactStringsMax)
            return new(Distinct(options.SelectMany(option => option._endings!)), true, []);
        var finished = options.Select(option => option.Finish()).ToList();
        var pairs = finished.Min(clauses => clauses.Count);
        var joined = new List<LiteralClause>();
        for (var index = 0; index < pairs; index++)
        {
            var literals = finished.SelectMany(clauses => clauses[index].Literals).Select(literal => literal.ToArray());
            joined.Add(ClauseBuilder.Build(literals));
        }

        return new(null, false, Best(joined));
    }

    /// <summary>This text followed by another.</summary>
    public RequiredText Then(RequiredText next)
    {
        var joins = _endings is not null && next._isWhole
            && (long)_endings.Count * next._endings!.Count <= PatternAnalysis.JoinedStringsMax;
        // Where the two cannot be joined, what follows starts a list of its own; what is known so far stays as clauses.
        if (!joins) return new(next._endings, false, Best([.. Finish(), .. next._clauses]));
        var joined = from left in _endings from right in next._endings! select Join(left, right);
        return new(Distinct(joined), _isWhole, Best([.. _clauses, .. next._clauses]));
    }

    /// <summary>The same demands, made by something that consumes nothing.</summary>
    public RequiredText WithoutWidth() => new([[]], true, Finish());

    /// <summary>All demands as clauses, the most selective first.</summary>
    public IReadOnlyList<LiteralClause> Finish()
    {
        if (_endings is null || _endings.Any(text => text.Length == 0)) return _clauses;
        return Best([.. _clauses, ClauseBuilder.Build(_endings)]);
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
