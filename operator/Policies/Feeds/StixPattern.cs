using System.Text.RegularExpressions;

namespace WafOperator.Policies.Feeds;

/// <summary>
/// Patterns of STIX 2.1 that are about the address of a client alone: comparisons joined by OR. A pattern that asks
/// for more (AND, FOLLOWEDBY, a port) is none of these: an address alone would be too much of it.
/// </summary>
internal static partial class StixPattern
{
    /// <summary>Characters of a pattern; a longer one is about something else.</summary>
    private const int CharactersMax = 4096;

    /// <summary>True where a pattern speaks of addresses at all.</summary>
    public static bool IsAboutAddresses(string pattern) =>
        pattern.Contains("ipv4-addr", StringComparison.Ordinal)
        || pattern.Contains("ipv6-addr", StringComparison.Ordinal);

    /// <summary>Addresses and networks of a pattern; null where it is about something else.</summary>
    public static IReadOnlyList<string>? AddressesOf(string pattern)
    {
        if (pattern.Length > CharactersMax) return null;
        var found = new List<string>();
        var at = 0;
        while (true)
        {
            var match = Comparison().Match(pattern, at);
            if (!match.Success) return null;
            foreach (Capture value in match.Groups["value"].Captures) found.Add(value.Value);
            at += match.Length;
            if (at == pattern.Length) return found;
        }
    }

    [GeneratedRegex("""
        \G(?>\s*)(?>\[?)(?>\s*)ipv[46]-addr:value\s*
        (?:(?:=|ISSUBSET)\s*'(?<value>[0-9a-fA-F.:/]{2,49})'
        |IN\s*\(\s*'(?<value>[0-9a-fA-F.:/]{2,49})'(?:\s*,\s*'(?<value>[0-9a-fA-F.:/]{2,49})')*\s*\))
        (?>\s*)(?>\]?)(?>\s*)(?:OR(?=\s)(?>\s*)(?!$)|$)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Comparison();
}
