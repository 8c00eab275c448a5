namespace WafOperator.SecLang;

/// <summary>
/// Reads SecLang as ModSecurity does. Never throws on bad input: what cannot be understood becomes a
/// <see cref="Diagnostic"/> with file and line, and the rest is read on. Source: ModSecurity reference manual (v2.x and
/// v3.x).
/// </summary>
public static class SecLangParser
{
    /// <summary>Parses sources in order, following <c>Include</c> and data files through the resolver.</summary>
    /// <param name="sources">The texts.</param>
    /// <param name="resolver">Finds what they include; null finds nothing.</param>
    /// <param name="limits">Bounds on all of them; null for the usual ones.</param>
    /// <param name="leavesOut">
    /// A quotation that is not closed and a chain that is not whole are left out and said
    /// (<see cref="DiagnosticSeverity.Refused"/>), as ModSecurity does, instead of being errors.
    /// </param>
    public static SecLangParseResult Parse(
        IReadOnlyList<SecLangSource> sources, SourceResolver? resolver = null, SecLangLimits? limits = null,
        bool leavesOut = false)
    {
        limits ??= SecLangLimits.Default;
        var session = new ParseSession(resolver ?? SourceResolver.None, limits, leavesOut);
        foreach (var source in sources)
        {
            session.Read(source);
        }

        return session.Finish();
    }

    /// <summary>Parses one text.</summary>
    public static SecLangParseResult Parse(string text, string name = "rules", SourceResolver? resolver = null) =>
        Parse([SecLangSource.FromText(name, text)], resolver);

    /// <summary>
    /// Reads a list of variables as it stands in a rule or behind <c>ctl:ruleRemoveTargetById=…;</c>.
    /// </summary>
    public static System.Collections.Immutable.ImmutableArray<VariableTarget> ParseTargets(
        string text, SourceLocation location, DiagnosticBag bag) =>
        TargetParser.Parse(text, location, SecLangLimits.Default, bag, out _);
}
