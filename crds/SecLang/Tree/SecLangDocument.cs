using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>
/// The rules of all given sources in order, <c>Include</c> resolved, with the data files they refer to: all that a
/// compiler needs. Immutable, shareable.
/// </summary>
public sealed record SecLangDocument(
    ImmutableArray<Directive> Directives, ImmutableDictionary<string, DataFile> DataFiles)
{
    /// <summary>A document without rules.</summary>
    public static SecLangDocument Empty { get; } = new([], ImmutableDictionary<string, DataFile>.Empty);

    /// <summary>Both documents one after the other.</summary>
    public SecLangDocument Append(SecLangDocument next) =>
        new(Directives.AddRange(next.Directives), DataFiles.SetItems(next.DataFiles));
}

/// <summary>
/// A file of phrases or addresses. Entries are byte-per-char, one per line of the file, comments left out.
/// </summary>
public sealed record DataFile(string Name, ImmutableArray<string> Entries);

/// <summary>
/// The outcome of a parse. The document holds what could be understood; use it only without <see cref="HasErrors"/>.
/// </summary>
public sealed record SecLangParseResult(SecLangDocument Document, ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>Whether the rules must not be used.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);
}
