using WafOperator.Policies.Rules;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// The rules of a policy as a list of sources in the order in which they are read: settings, the user's text before,
/// exclusions, rule sets, rule files of ConfigMaps, removals, the user's text after. The engine thereby needs to know
/// nothing of any rule set.
/// </summary>
internal static class RuleSourceCompiler
{
    public static RulePolicy? Compile(
        RulesSpec spec, IReadOnlyList<WafExclusion> exclusions,
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> ruleFiles, List<Finding> findings)
    {
        if (spec.Sets.Count + spec.ConfigMaps.Count == 0 && (spec.Inline ?? spec.InlineBefore) is null) return null;
        var sources = new List<RuleSource> { Text(SettingsText.Source, SettingsText.Write(spec)) };
        if (spec.InlineBefore is { } before) sources.Add(Text("policy/inlineBefore", before));
        var (exclusionText, exclusionRules) = ExclusionText.Write(exclusions, findings);
        if (exclusionText.Length > 0) sources.Add(Text("policy/exclusions", exclusionText));
        foreach (var set in spec.Sets) sources.Add(new() { Name = set, RuleSet = set });
        var files = ConfigMapRules.Read(spec, ruleFiles, findings);
        sources.AddRange(files.Sources);
        if (spec.DisabledRules.Count > 0)
            sources.Add(Text("policy/disabledRules", $"SecRuleRemoveById {string.Join(' ', spec.DisabledRules)}\n"));
        if (spec.Inline is { } inline) sources.Add(Text("policy/inline", inline));
        SecLangCheck.Check(spec, sources, files, findings);
        return new()
        {
            Sources = sources, Files = files.Data, Exclusions = exclusionRules,
            InspectResponses = spec.InspectResponses,
            LeavesOutUnreadable = spec.Unreadable is UnreadableRules.LeaveOut ? true : null,
        };
    }

    private static RuleSource Text(string name, string text) => new() { Name = name, Text = text };
}
