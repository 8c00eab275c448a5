using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Snapshots;

/// <summary>
/// Which rule is which WafExclusion, so that its hits can be counted. The policy compiler writes them silent, as the
/// source <c>policy/exclusions</c>, each after a comment with the exclusion's name.
/// </summary>
internal static partial class ExclusionRules
{
    private const string Source = "policy/exclusions";

    public static FrozenDictionary<long, string> Of(RulePolicy? rules)
    {
        var names = new Dictionary<long, string>();
        var text = rules?.Sources.FirstOrDefault(source => source.Name == Source)?.Text ?? "";
        foreach (Match match in Written().Matches(text))
        {
            if (long.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                names[id] = match.Groups[1].Value;
        }

        return names.ToFrozenDictionary();
    }

    [GeneratedRegex(@"^# WafExclusion (\S+)\n(?:[^#\n][^\n]*\n)*?[^#\n]*\bid:([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Written();
}
