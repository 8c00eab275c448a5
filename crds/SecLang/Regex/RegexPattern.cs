using System.Collections.Immutable;

namespace WafOperator.SecLang.Regex;

/// <summary>The modes a pattern starts in. Inline flags change them from where they stand.</summary>
/// <param name="IgnoreCase">ASCII letters match both cases.</param>
/// <param name="DotMatchesLineFeed">The dot matches the line feed as well.</param>
/// <param name="Multiline">`^` and `$` also match at line feeds inside the subject.</param>
/// <param name="Extended">White space and `#` comments in the pattern are ignored.</param>
/// <param name="DollarIsVeryEnd">Outside multiline mode `$` does not match before a final line feed.</param>
public sealed record RegexFlags(
    bool IgnoreCase = false,
    bool DotMatchesLineFeed = false,
    bool Multiline = false,
    bool Extended = false,
    bool DollarIsVeryEnd = false)
{
    /// <summary>What ModSecurity 3 compiles `@rx` with: PCRE2_DOTALL | PCRE2_MULTILINE (its
    /// `src/utils/regex.cc`).</summary>
    public static RegexFlags ModSecurity3 { get; } = new(DotMatchesLineFeed: true, Multiline: true);

    /// <summary>What ModSecurity 2 compiles `@rx` with: PCRE_DOTALL | PCRE_DOLLAR_ENDONLY (its
    /// `apache2/re_operators.c`).</summary>
    public static RegexFlags ModSecurity2 { get; } = new(DotMatchesLineFeed: true, DollarIsVeryEnd: true);
}

/// <summary>What a pattern may cost to read and to compile.</summary>
public sealed record RegexLimits
{
    public static RegexLimits Default { get; } = new();

    /// <summary>Longest pattern, in bytes.</summary>
    public int PatternBytesMax { get; init; } = 65_536;

    /// <summary>Deepest nesting of parentheses (PCRE2's own default).</summary>
    public int NestingMax { get; init; } = 250;

    /// <summary>Largest count in `{n,m}` (PCRE2's own limit).</summary>
    public int RepeatMax { get; init; } = 65_535;

    /// <summary>Most nodes after every bounded repeat has been written out.</summary>
    public int ExpandedNodesMax { get; init; } = 200_000;

    /// <summary>Most capturing groups.</summary>
    public int GroupsMax { get; init; } = 1_000;

    /// <summary>Longest lookbehind, in bytes (PCRE2 10.43's default for variable ones).</summary>
    public int LookbehindBytesMax { get; init; } = 255;
}

/// <summary>Why a pattern was refused, and where: a byte offset into the pattern.</summary>
public sealed record RegexDiagnostic(int Position, string Reason);

/// <summary>The outcome of reading a pattern: a tree, or the reason why there is none. Immutable.</summary>
public sealed record RegexPattern
{
    /// <summary>The tree; <see cref="RegexNode.Empty"/> where <see cref="Error"/> is set.</summary>
    public required RegexNode Root { get; init; }

    /// <summary>Capturing groups, without the whole match.</summary>
    public required int GroupCount { get; init; }

    /// <summary>Group numbers by name.</summary>
    public ImmutableDictionary<string, int> GroupNames { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>Why the pattern was refused; null where it was read.</summary>
    public RegexDiagnostic? Error { get; init; }

    public bool IsValid => Error is null;
}
