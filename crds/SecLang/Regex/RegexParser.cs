using System.Collections.Immutable;
using System.Text;

namespace WafOperator.SecLang.Regex;

/// <summary>
/// Reads the dialect that rules are written in: PCRE over bytes, without its Unicode modes (pcre2pattern(3)). Never
/// throws for a pattern; the first thing it cannot accept becomes <see cref="RegexPattern.Error"/>. Refused on purpose:
/// recursion, conditional groups, callouts, backtracking verbs and Unicode properties.
/// </summary>
public static class RegexParser
{
    /// <summary>Reads a pattern given as text; characters beyond ASCII stand for their UTF-8 bytes.</summary>
    public static RegexPattern Parse(string pattern, RegexFlags? flags = null, RegexLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return Parse(Encoding.UTF8.GetBytes(pattern), flags, limits);
    }

    /// <summary>Reads a pattern given as bytes.</summary>
    public static RegexPattern Parse(ReadOnlySpan<byte> pattern, RegexFlags? flags = null, RegexLimits? limits = null)
    {
        limits ??= RegexLimits.Default;
        if (pattern.Length > limits.PatternBytesMax)
            return Refused(new(limits.PatternBytesMax, $"the pattern is longer than {limits.PatternBytesMax} bytes"));
        var reader = new PatternReader(pattern.ToArray(), flags ?? RegexFlags.ModSecurity3, limits);
        var root = reader.ReadPattern();
        if (reader.Error is null) CheckMeasures(root, reader, limits);
        if (reader.Error is { } error) return Refused(error);
        return new()
        {
            Root = root,
            GroupCount = reader.GroupCount,
            GroupNames = reader.GroupNames.ToImmutableDictionary(),
        };
    }

    private static RegexPattern Refused(RegexDiagnostic error) =>
        new() { Root = RegexNode.Nothing, GroupCount = 0, Error = error };

    private static void CheckMeasures(RegexNode root, PatternReader reader, RegexLimits limits)
    {
        foreach (var (group, position) in reader.References)
        {
            if (group <= reader.GroupCount) continue;
            reader.Fail(position, $"reference to group {group}, but the pattern has {reader.GroupCount}");
            return;
        }

        var expanded = RegexMeasure.ExpandedNodes(root);
        if (expanded > limits.ExpandedNodesMax)
            reader.Fail(0, $"written out, the repeats make {expanded} nodes; the limit is {limits.ExpandedNodesMax}");
    }
}
