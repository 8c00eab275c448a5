using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;
using WafOperator.SecLang.Regex;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Parses the rule text of a policy and of its ConfigMaps (rule sets are in the sidecar's image, and not seen here) and
/// reports what is wrong with its field and line. The sidecar compiles the whole again and has the last word.
/// </summary>
internal static class SecLangCheck
{
    /// <summary>Findings that only say that a rule set is not seen here.</summary>
    private static readonly FrozenSet<string> AboutRuleSets =
        new[] { DiagnosticCodes.MissingRule, DiagnosticCodes.MissingMarker }
        .ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Fields =
        new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["policy/inlineBefore"] = "spec.rules.inlineBefore",
        ["policy/inline"] = "spec.rules.inline",
        ["policy/disabledRules"] = "spec.rules.disabledRules",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static void Check(
        RulesSpec spec, IReadOnlyList<RuleSource> sources, ConfigMapRules files, List<Finding> findings)
    {
        var texts = sources.Where(source => source.Text is not null)
            .Select(source => SecLangSource.FromText(source.Name, source.Text!));
        var data = files.Data.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text));
        var result = SecLangParser.Parse(
            [.. texts], new MemorySourceResolver(data), leavesOut: spec.Unreadable is UnreadableRules.LeaveOut);
        foreach (var diagnostic in result.Diagnostics)
        {
            if ((spec.Sets.Count > 0 || !files.IsComplete) && AboutRuleSets.Contains(diagnostic.Code)) continue;
            // Admission sees the policy alone; the ConfigMap may come a moment later.
            if (!files.IsComplete && diagnostic.Code == DiagnosticCodes.MissingFile) continue;
            findings.Add(FindingOf(diagnostic));
        }
        foreach (var directive in result.Document.Directives)
        {
            CheckId(directive, findings);
            if (directive is RuleDirective rule) CheckPattern(rule, findings);
        }
        findings.AddRange(new AddOnlyRules(
            result.Document.Directives, new RuleOrigins(spec, files), spec.Sets.Count > 0
                || !files.IsComplete).Findings());
    }

    private static Finding FindingOf(Diagnostic diagnostic)
    {
        var isError = diagnostic.Severity == DiagnosticSeverity.Error;
        var leftOut = diagnostic.Severity == DiagnosticSeverity.Refused ? " (left out)" : "";
        return new(
            isError ? FindingSeverity.Error : FindingSeverity.Warning,
            isError ? FindingKind.InvalidRules : FindingKind.RulesWarning,
            Fields.GetValueOrDefault(diagnostic.Location.File, diagnostic.Location.File),
            Line(diagnostic.Location) + diagnostic.Message + leftOut);
    }

    private static void CheckId(Directive directive, List<Finding> findings)
    {
        var file = directive.Location.File;
        // Not the compiler's own text; a data file that is included counts as rules.
        if (!Fields.TryGetValue(file, out var field) && file.StartsWith("policy/", StringComparison.Ordinal)) return;
        var actions = directive switch { RuleDirective rule => rule.Actions, ActionDirective action =>
            action.Actions, _ => [] };
        foreach (var action in actions)
        {
            if (action.Name != "id" || !long.TryParse(action.Argument, NumberStyles.None, CultureInfo.InvariantCulture,
                out var id)) continue;
            if (!ReservedRuleIds.Contains(id)) continue;
            findings.Add(new(FindingSeverity.Error, FindingKind.InvalidRules, field ?? file,
                $"{Line(directive.Location)}the id {id} is reserved "
                    + $"({ReservedRuleIds.First} to {ReservedRuleIds.Last} belong to the policy compiler)"));
        }
    }

    /// <summary>A pattern with macros is only known when a request is there.</summary>
    private static void CheckPattern(RuleDirective rule, List<Finding> findings)
    {
        if (rule.Operator.Name is not ("rx" or "rxGlobal")
            || rule.Operator.Argument.Contains("%{", StringComparison.Ordinal)) return;
        if (RegexParser.Parse(Encoding.Latin1.GetBytes(rule.Operator.Argument)).Error is not { } error) return;
        findings.Add(new(FindingSeverity.Error, FindingKind.InvalidRules,
            Fields.GetValueOrDefault(rule.Location.File, rule.Location.File),
            string.Create(CultureInfo.InvariantCulture,
                $"{Line(rule.Location)}the pattern of @{rule.Operator.Name} cannot be read at "
                    + $"byte {error.Position}: {error.Reason}")));
    }

    private static string Line(SourceLocation location) =>
        location.Line == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"line {location.Line}: ");
}
