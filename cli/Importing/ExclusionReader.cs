using System.Text.Json.Nodes;
using WafOperator.SecLang;

namespace WafOperator.Cli.Importing;

/// <summary>What a rule takes away: exclusions of a place, and rules that are off everywhere.</summary>
internal sealed record ReadExclusions(IReadOnlyList<JsonObject> Narrow, IReadOnlyList<string> Everywhere);

/// <summary>
/// Rules that only take away (<c>ctl:ruleRemoveById</c>, <c>ctl:ruleRemoveTargetById</c>, below a path or everywhere)
/// → exclusions. Anything that does more stays a rule. Pure.
/// </summary>
internal static class ExclusionReader
{
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "id", "phase", "pass", "nolog", "noauditlog", "log", "auditlog", "t", "msg", "tag", "ver", "rev", "severity",
        "logdata",
    };

    private static readonly HashSet<string> Paths = new(StringComparer.Ordinal)
    {
        "REQUEST_FILENAME", "REQUEST_URI", "REQUEST_URI_RAW",
    };

    /// <summary>The exclusions that a rule is; null when it is more than that.</summary>
    public static ReadExclusions? Read(Directive rule, IReadOnlyList<ActionCall> actions)
    {
        if (actions.Any(action => action.Name != "ctl" && !Harmless.Contains(action.Name))) return null;
        var controls = actions.Where(action => action.Name == "ctl").ToList();
        if (controls.Count == 0) return null;
        string? path = null;
        if (rule is RuleDirective condition && (path = PathOf(condition)) is null) return null;
        var (narrow, everywhere) = (new List<JsonObject>(), new List<string>());
        foreach (var control in controls)
        {
            var (name, value) = (control.Argument ?? "").Split('=', 2) is [var n, var v] ? (n.Trim(), v.Trim('\''))
                : ("", "");
            var split = value.Split(';', 2);
            var target = split.Length == 2 ? split[1] : null;
            if (RuleSelection.ParseIds(split[0]) is not { } ranges) return null;
            var rules = ranges.Select(ModSecurityImport.TextOf).ToList();
            if (name.Equals("ruleRemoveById", StringComparison.OrdinalIgnoreCase) && target is null)
            {
                if (path is null) everywhere.AddRange(rules);
                else narrow.Add(Of(rules, path, null, rule.Location));
            }
            else if (name.Equals("ruleRemoveTargetById", StringComparison.OrdinalIgnoreCase) && target is not null)
            {
                var parts = SecLangParser.ParseTargets(target, rule.Location, new DiagnosticBag(10));
                if (parts is not [var only]
                    || PartOf(only with { Mode = TargetMode.Exclusion }) is not { } part) return null;
                // Everywhere and of all parameters is more than an exclusion may take away.
                if (path is null && part.Name is null) return null;
                narrow.Add(Of(rules, path, part, rule.Location));
            }
            else
            {
                return null;
            }
        }

        return new ReadExclusions(narrow, everywhere);
    }

    /// <summary>A variable that is taken out, as exclusions name it; null when they cannot.</summary>
    public static (string Kind, string? Name)? PartOf(VariableTarget target)
    {
        if (target.Mode is not TargetMode.Exclusion
            || target.SelectorKind is not (SelectorKind.Name or SelectorKind.None)) return null;
        var name = target.SelectorKind is SelectorKind.Name ? target.Selector : null;
        return target.Variable switch
        {
            "ARGS" or "ARGS_GET" or "ARGS_POST" or "ARGS_NAMES" or "ARGS_GET_NAMES" or "ARGS_POST_NAMES"
                when name is not null => ("Parameter", name),
            "REQUEST_COOKIES" or "REQUEST_COOKIES_NAMES" when name is not null => ("Cookie", name),
            "REQUEST_HEADERS" or "REQUEST_HEADERS_NAMES" when name is not null => ("Header", name),
            "REQUEST_BODY" when name is null => ("Body", null),
            _ => null,
        };
    }

    /// <summary>The spec of an exclusion, without its policy.</summary>
    public static JsonObject Of(
        IEnumerable<string> rules, string? path, (string Kind, string? Name)? part, SourceLocation location)
    {
        var match = new JsonObject();
        if (path is not null) match["path"] = path;
        if (part is { } p)
        {
            match["part"] = p.Kind;
            if (p.Name is not null) match["name"] = p.Name;
        }

        var spec = new JsonObject();
        if (match.Count > 0) spec["match"] = match;
        spec["rules"] = new JsonArray([.. rules.Select(rule => (JsonNode)JsonValue.Create(rule)!)]);
        spec["reason"] = $"imported from {location}";
        return spec;
    }

    private static string? PathOf(RuleDirective rule)
    {
        if (rule.Targets is not [{ Mode: TargetMode.Values, SelectorKind: SelectorKind.None } only]
            || !Paths.Contains(only.Variable) || rule.Operator.Negated) return null;
        var path = rule.Operator.Argument;
        if (!path.StartsWith('/') || path.AsSpan().ContainsAny('%', '*', '?')) return null;
        return rule.Operator.Name switch
        {
            "beginsWith" => path + "*",
            "streq" => path,
            _ => null,
        };
    }
}
