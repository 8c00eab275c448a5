using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.SecLang;

namespace WafOperator.Cli.Importing;

/// <summary>
/// ModSecurity's and Coraza's configuration → our fields: the engine's mode, settings of the Core Rule Set,
/// exclusions, and own rules as inline SecLang. What means nothing here is named. Pure.
/// </summary>
internal sealed partial class ModSecurityImport(Imported imported)
{
    private const long FirstOfCrs = 901_000;
    private const long LastOfCrs = 999_999;
    private static readonly string[] CrsWords = ["crs", "coreruleset", "owasp"];

    private readonly ImportedRules _rules = new();
    private int _crsRules;

    /// <summary>Reads one text and gives what all texts so far say.</summary>
    public ImportedRules Read(string name, string text)
    {
        foreach (Match include in Include().Matches(text))
        {
            var path = include.Groups[1].Value.Trim('"', '\'');
            if (CrsWords.Any(word =>
                path.Contains(word, StringComparison.OrdinalIgnoreCase))) _rules.UsesCoreRuleSet = true;
            else imported.Note($"{name}: Include {path}: give that file to the import as well");
        }

        var parsed = SecLangParser.Parse(Include().Replace(text, ""), name);
        foreach (var diagnostic in parsed.Diagnostics.Where(d => d.Severity is not DiagnosticSeverity.Warning))
            imported.Note($"{diagnostic.Location}: {diagnostic.Message}: left out");
        foreach (var group in Chains(parsed.Document.Directives)) Take(group);
        if (_crsRules > 0)
            imported.Note(
                $"{name}: {_crsRules} rules of the Core Rule Set are those of rules.sets, of the version that "
                + "the sidecar brings");
        _crsRules = 0;
        return _rules;
    }

    /// <summary>Directives, with the rules of a chain together.</summary>
    private static IEnumerable<List<Directive>> Chains(IEnumerable<Directive> directives)
    {
        var group = new List<Directive>();
        foreach (var directive in directives)
        {
            group.Add(directive);
            if (directive is RuleDirective rule && rule.Actions.Any(action => action.Name == "chain")) continue;
            yield return group;
            group = [];
        }

        if (group.Count > 0) yield return group;
    }

    private void Take(List<Directive> group)
    {
        switch (group[0])
        {
            case SettingDirective setting:
                TakeSetting(setting);
                break;
            case RemoveRulesDirective { Selection.Kind: RuleSelectionKind.Id } remove:
                _rules.DisabledRules.AddRange(remove.Selection.Ids.Select(TextOf));
                _rules.UsesCoreRuleSet |= remove.Selection.Ids.Any(IsOfCrs);
                break;
            case UpdateTargetsDirective { Selection.Kind: RuleSelectionKind.Id, Replaced: null } update
                when update.Targets.All(target => ExclusionReader.PartOf(target) is not null):
                foreach (var target in update.Targets)
                    _rules.Exclusions.Add(ExclusionReader.Of(
                        update.Selection.Ids.Select(TextOf), null, ExclusionReader.PartOf(target), update.Location));
                _rules.UsesCoreRuleSet |= update.Selection.Ids.Any(IsOfCrs);
                break;
            case RuleDirective or ActionDirective:
                TakeRule(group);
                break;
            default:
                _rules.Own.Add(SecLangPrinter.Print(group[0]));
                break;
        }
    }

    private void TakeRule(List<Directive> group)
    {
        var actions = ActionsOf(group[0]);
        if (long.TryParse(Argument(actions, "id"), CultureInfo.InvariantCulture, out var id)
            && id is >= FirstOfCrs and <= LastOfCrs)
        {
            _crsRules++;
            _rules.UsesCoreRuleSet = true;
            return;
        }

        if (group.Count == 1 && ExclusionReader.Read(group[0], actions) is { } exclusions)
        {
            _rules.Exclusions.AddRange(exclusions.Narrow);
            _rules.DisabledRules.AddRange(exclusions.Everywhere);
            _rules.UsesCoreRuleSet = true;
            return;
        }

        if (group[0] is ActionDirective && TakeSetup(actions)) return;
        var changesOthers = actions.Any(action => action.Name is "ctl" or "setvar" or "allow");
        (changesOthers ? _rules.Before : _rules.Own).AddRange(group.Select(SecLangPrinter.Print));
    }

    /// <summary>Settings of the Core Rule Set, as crs-setup.conf makes them; false when one is another.</summary>
    private bool TakeSetup(IReadOnlyList<ActionCall> actions)
    {
        var settings = actions.Where(action => action.Name == "setvar")
            .Select(action => Setting().Match(action.Argument ?? "")).ToList();
        if (settings.Count == 0 || settings.Any(setting => !setting.Success)) return false;
        foreach (var setting in settings)
            if (!Set(setting.Groups[1].Value.ToLowerInvariant(), setting.Groups[2].Value.Trim('\''),
                false)) return false;
        foreach (var setting in settings) Set(setting.Groups[1].Value.ToLowerInvariant(),
            setting.Groups[2].Value.Trim('\''), true);
        _rules.UsesCoreRuleSet = true;
        return true;
    }

    private bool Set(string name, string value, bool isForReal)
    {
        var isNumber = int.TryParse(value, CultureInfo.InvariantCulture, out var number);
        Action? apply = name switch
        {
            "paranoia_level" or "blocking_paranoia_level" when number is >= 1 and <= 4 => () =>
                _rules.Paranoia = number,
            "executing_paranoia_level" or "detection_paranoia_level" when number is >= 1 and <= 4 =>
                () => _rules.DetectionParanoia = number,
            "inbound_anomaly_score_threshold" when isNumber && number > 0 => () => _rules.InboundThreshold = number,
            "outbound_anomaly_score_threshold" when isNumber && number > 0 => () => _rules.OutboundThreshold = number,
            "allowed_methods" => () => _rules.Methods.AddRange(
                value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(m => m.All(char.IsAsciiLetterUpper))),
            "allowed_request_content_type" => () => _rules.ContentTypes.AddRange(
                value.Split(['|', ' '], StringSplitOptions.RemoveEmptyEntries).Select(t => t.ToLowerInvariant())
                    .Where(t => MediaType().IsMatch(t))),
            // What the sidecar's own set-up says, or what only means something to the set itself.
            "crs_setup_version" or "early_blocking" or "critical_anomaly_score" or "error_anomaly_score"
                or "warning_anomaly_score" or "notice_anomaly_score" or "enforce_bodyproc_urlencoded" => () => { },
            _ => null,
        };
        if (isForReal) apply?.Invoke();
        return apply is not null;
    }

    private void TakeSetting(SettingDirective setting)
    {
        var value = setting.Arguments.IsEmpty ? "" : setting.Arguments[0].Trim('"');
        switch (setting.Name)
        {
            case "SecRuleEngine":
                _rules.Mode = value.ToLowerInvariant() switch { "on" => "Enforce", "off" => "Off", _ => "Detect" };
                break;
            case "SecRequestBodyAccess":
                if (value.Equals("off", StringComparison.OrdinalIgnoreCase)) _rules.BodyMode = "HeadersOnly";
                break;
            case "SecRequestBodyLimit" when long.TryParse(value, CultureInfo.InvariantCulture, out var bytes)
                && bytes > 0:
                _rules.BodyLimit = bytes.ToString(CultureInfo.InvariantCulture);
                break;
            case "SecRequestBodyLimitAction":
                _rules.OverLimit = value.Equals("reject", StringComparison.OrdinalIgnoreCase) ? "Reject"
                    : "ProcessPartial";
                break;
            case "SecResponseBodyAccess":
                _rules.InspectsResponses |= value.Equals("on", StringComparison.OrdinalIgnoreCase);
                break;
            default:
                imported.Note($"{setting.Location}: {setting.Name} has no counterpart: left out");
                break;
        }
    }

    internal static IReadOnlyList<ActionCall> ActionsOf(Directive directive) => directive switch
    {
        RuleDirective rule => rule.Actions,
        ActionDirective action => action.Actions,
        _ => [],
    };

    private static string? Argument(IReadOnlyList<ActionCall> actions, string name) =>
        actions.FirstOrDefault(action => action.Name == name)?.Argument?.Trim('\'');

    internal static string TextOf(RuleIdRange range) => range.First == range.Last ? $"{range.First}"
        : $"{range.First}-{range.Last}";

    private static bool IsOfCrs(RuleIdRange range) => range.Last >= FirstOfCrs && range.First <= LastOfCrs;

    [GeneratedRegex(
        @"^[ \t]*Include(?:Optional)?[ \t]+(\S+)[ \t]*\r?$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Include();

    [GeneratedRegex(@"^'?tx\.([A-Za-z0-9_-]+)=(.*?)'?$", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Setting();

    [GeneratedRegex("^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    private static partial Regex MediaType();
}
