using System.Collections.Immutable;
using WafOperator.Engine.Actions;
using WafOperator.Engine.Program;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Compiles <c>ctl</c>. The rules it names are found once all rules are known.</summary>
internal sealed class ControlCompiler(TargetCompiler targets, EngineMode modeMax, DiagnosticBag bag)
{
    private readonly List<(RuleSet Rules, RuleSelection Selection)> _selections = [];

    public RuleAction? Compile(string argument, SourceLocation location, long id)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return null;
        }

        var name = argument[..equals].Trim().ToLowerInvariant();
        var value = argument[(equals + 1)..].Trim();
        switch (name)
        {
            case "ruleremovebyid" or "ruleremovebytag" or "ruleremovebymsg":
                return Select(name["ruleremoveby".Length..], value, location,
                    id) is { } rules ? new RemoveRules(rules) : null;
            case "ruleremovetargetbyid" or "ruleremovetargetbytag" or "ruleremovetargetbymsg":
                return RemoveTarget(name["ruleremovetargetby".Length..], value, location, id);
            case "ruleengine":
                return Enum.TryParse<EngineMode>(value, ignoreCase: true, out var mode)
                    ? new SetMode(mode > modeMax ? modeMax : mode)
                    : Bad(name, value, location, id);
            case "requestbodyprocessor":
                return Processor(value) is { } format ? new SetBodyProcessor(format) : Bad(name, value, location, id);
            case "requestbodyaccess" or "responsebodyaccess":
                return new SetBodyAccess(name[2] == 's', value.Equals("on", StringComparison.OrdinalIgnoreCase));
            case "auditengine":
                return new SetAudit(value.Equals("off", StringComparison.OrdinalIgnoreCase));
            case "forcerequestbodyvariable":
                return value.Equals("on", StringComparison.OrdinalIgnoreCase) ? new ForceBody() : null;
            default:
                // Audit log parts, limits and debug levels are the policy's.
                return null;
        }
    }

    /// <summary>Finds the rules of all selections.</summary>
    public void Finish(IReadOnlyList<CompiledRule> heads)
    {
        foreach (var (rules, selection) in _selections)
        {
            var matcher = new SelectionMatcher(selection);
            foreach (var head in heads.Where(head => matcher.Matches(head.Id, head.TagTexts, head.MessageText)))
            {
                rules.Add(head);
            }
        }
    }

    private RemoveTarget? RemoveTarget(string kind, string value, SourceLocation location, long id)
    {
        var semicolon = value.IndexOf(';', StringComparison.Ordinal);
        if (semicolon < 0)
        {
            Bad("ruleRemoveTargetBy" + kind, value, location, id);
            return null;
        }

        var parsed = SecLangParser.ParseTargets(value[(semicolon + 1)..], location, bag);
        if (parsed.Length != 1 || targets.Compile(parsed[0], location, id) is not { } target
            || Select(kind, value[..semicolon].Trim(), location, id) is not { } rules)
        {
            return null;
        }

        return new RemoveTarget(rules, target);
    }

    private RuleSet? Select(string kind, string value, SourceLocation location, long id)
    {
        var ids = kind == "id" ? RuleSelection.ParseIds(value) : ImmutableArray<RuleIdRange>.Empty;
        if (ids is null)
        {
            Bad("ruleRemoveBy" + kind, value, location, id);
            return null;
        }

        var selectionKind = kind switch
        {
            "id" => RuleSelectionKind.Id,
            "tag" => RuleSelectionKind.Tag,
            _ => RuleSelectionKind.Message,
        };
        var rules = new RuleSet();
        _selections.Add((rules, new RuleSelection(selectionKind, ids.Value, value)));
        return rules;
    }

    private RuleAction? Bad(string name, string value, SourceLocation location, long id)
    {
        bag.Error(DiagnosticCodes.ActionArgument, location, $"'ctl:{name}' does not know the value '{value}'.", id);
        return null;
    }

    private static BodyFormat? Processor(string name) => name.ToUpperInvariant() switch
    {
        "URLENCODED" => BodyFormat.UrlEncoded,
        "MULTIPART" => BodyFormat.Multipart,
        "JSON" => BodyFormat.Json,
        "XML" => BodyFormat.Xml,
        "GRAPHQL" => BodyFormat.GraphQl,
        _ => null,
    };
}
