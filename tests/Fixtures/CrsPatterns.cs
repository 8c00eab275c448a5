using System.Text;
using System.Text.RegularExpressions;

namespace WafOperator.Fixtures;

/// <summary>All `@rx` patterns of the installed Core Rule Set, read with just enough of the rule language for
/// that.</summary>
public static class CrsPatterns
{
    private const string Folder = "/usr/share/modsecurity-crs/rules";

    private static readonly System.Text.RegularExpressions.Regex s_rule = new(
        "^\\s*SecRule\\s+(?:\"(?:\\\\.|[^\"\\\\])*\"|\\S+)\\s+\"(?<operator>(?:\\\\.|[^\"\\\\])*)\"",
        RegexOptions.Compiled);

    public static string? MissingReason { get; } =
        Directory.Exists(Folder) ? null : $"{Folder} does not exist (Debian: modsecurity-crs)";

    public static IReadOnlyList<byte[]> All { get; } = MissingReason is null ? Read() : [];

    private static List<byte[]> Read()
    {
        var patterns = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Folder, "*.conf").Order(StringComparer.Ordinal))
        {
            var text = File.ReadAllText(file, Encoding.Latin1).Replace("\\\n", "", StringComparison.Ordinal);
            foreach (var line in text.Split('\n'))
            {
                var rule = s_rule.Match(line);
                if (rule.Success && PatternOf(rule.Groups["operator"].Value) is { } pattern) patterns.Add(pattern);
            }
        }

        return [.. patterns.Order(StringComparer.Ordinal).Select(Encoding.Latin1.GetBytes)];
    }

    private static string? PatternOf(string text)
    {
        text = text.TrimStart('!').Replace("\\\"", "\"", StringComparison.Ordinal);
        if (text.StartsWith("@rx ", StringComparison.Ordinal)) return text[4..].TrimStart();
        return text.StartsWith('@') ? null : text;
    }
}

/// <summary>A test over the installed Core Rule Set, compared with PCRE2.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CrsFactAttribute : FactAttribute
{
    public CrsFactAttribute() => Skip = PcreLibrary.MissingReason ?? CrsPatterns.MissingReason;
}
