using System.Globalization;
using System.Text;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Exclusions → SecLang that goes before the rule sets: one rule per exclusion with its path and methods as conditions,
/// and <c>ctl:ruleRemove…</c> as actions. Conditions are exact and undecoded on purpose: a path written in another way
/// is not excluded. Anchors are <c>\A</c> and <c>\z</c>, since <c>^</c> and <c>$</c> also stand at line feeds, which an
/// attacker can put into a path.
/// </summary>
internal static class ExclusionText
{
    private const string AnyItem = "array_*";

    /// <summary>Exclusions of one policy, so that their ids stay within the reserved range.</summary>
    private const int ExclusionsMax = 20_000;

    /// <summary>
    /// Actions of one rule that a parser takes are bounded; more than these become rules of their own.
    /// </summary>
    private const int ControlsPerRuleMax = 100;

    /// <summary>
    /// What programs read in several ways: parameters, backslashes, doubled slashes, dot segments, and escapes of any
    /// of these, overlong ones too. Such a path may lead elsewhere, and must not take an exclusion with it.
    /// </summary>
    private const string SeveralReadings =
        @"\A[^?]*(?:;|\x5c|//|/\.\.?(?:[/;?. %]|\z)"
        + "|%(?:25|2[eEfF]|3[bB]|5[cC]|[01][0-9a-fA-F]|7[fF]|[uU]|[cC][01]|[eE]0%[89]|[fF]0%8))";

    private const string OtherPath = "waf_other_path";

    /// <summary>
    /// Frameworks take these headers for the path of the request; what a client names there must not come with an
    /// exclusion. The address of another server is none: so ingresses ask services that authorise requests.
    /// </summary>
    private const string OtherPathRule = """
        SecRule REQUEST_HEADERS:X-Original-URL|REQUEST_HEADERS:X-Rewrite-URL "!@rx \A[^/?#]+://" \
            "id:ID,phase:1,pass,nolog,t:none,setvar:tx.waf_other_path=1"
        """;

    public static (string Text, IReadOnlyList<ExclusionRules> Rules) Write(
        IReadOnlyList<WafExclusion> exclusions, List<Finding> findings)
    {
        var text = new StringBuilder();
        var rules = new List<ExclusionRules>();
        var id = ReservedRuleIds.Exclusions;
        if (exclusions.Any(exclusion => exclusion.Spec.Match?.Path is not null))
        {
            var number = id++.ToString(CultureInfo.InvariantCulture);
            text.Append(OtherPathRule.Replace("ID", number, StringComparison.Ordinal)).Append('\n');
        }

        foreach (var exclusion in exclusions.Take(ExclusionsMax))
        {
            var spec = exclusion.Spec;
            if (spec.Rules.Count == 0 && spec.Families.Count == 0) continue;
            var controls = Controls(spec);
            if (controls.Count == 0)
            {
                findings.Add(new(FindingSeverity.Warning, FindingKind.ExclusionInvalid, "spec.families",
                    "no rule set tags rules with these families: name rules instead",
                        $"WafExclusion/{exclusion.Metadata.Name}"));
                continue;
            }
            text.Append("# WafExclusion ").Append(exclusion.Metadata.Name).Append('\n');
            var first = id;
            foreach (var part in controls.Chunk(ControlsPerRuleMax)) AppendRule(text, id++, spec.Match, part);
            rules.Add(new()
            {
                Name = exclusion.Metadata.Name ?? "",
                RuleIds = [.. Enumerable.Range(0, (int)(id - first)).Select(i => first + i)],
            });
        }
        return (text.ToString(), rules);
    }

    private static void AppendRule(StringBuilder text, long id, ExclusionMatch? match, IReadOnlyList<string> controls)
    {
        var conditions = new List<(string Variable, string Operator, string Pattern)>();
        if (match?.Path is { } path)
        {
            conditions.Add(("REQUEST_FILENAME", "@rx", PathPattern(path)));
            conditions.Add(("REQUEST_URI", "!@rx", SeveralReadings));
            conditions.Add(($"&TX:{OtherPath}", "@eq", "0"));
        }
        if (match?.Methods is { Count: > 0 } methods)
            conditions.Add(("REQUEST_METHOD", "@rx", $@"\A(?:{string.Join('|', methods)})\z"));
        var head = string.Create(CultureInfo.InvariantCulture, $"id:{id},phase:1,pass,nolog,t:none");
        var actions = string.Concat(controls.Select(control => $",\\\n    ctl:{control}"));
        if (conditions.Count == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"SecAction \"{head}{actions}\"\n");
            return;
        }
        for (var i = 0; i < conditions.Count; i++)
        {
            var isLast = i == conditions.Count - 1;
            text.Append(CultureInfo.InvariantCulture,
                $"SecRule {conditions[i].Variable} \"{conditions[i].Operator} {conditions[i].Pattern}\" \\\n");
            text.Append("    \"").Append(i == 0 ? head : "t:none");
            text.Append(isLast ? actions : ",chain").Append("\"\n");
        }
    }

    private static List<string> Controls(WafExclusionSpec spec)
    {
        var targets = TargetsOf(spec.Match);
        var tags = spec.Families.SelectMany(FamilyNames.Tags).Distinct(StringComparer.Ordinal);
        var controls = new List<string>();
        foreach (var rule in spec.Rules) Add("Id", rule);
        foreach (var tag in tags) Add("Tag", tag);
        return controls;

        void Add(string by, string which)
        {
            if (targets.Count == 0) controls.Add($"ruleRemoveBy{by}={which}");
            foreach (var target in targets) controls.Add($"ruleRemoveTargetBy{by}={which};{target}");
        }
    }

    /// <summary>Variables that hold a part; none: the whole rule is removed.</summary>
    private static List<string> TargetsOf(ExclusionMatch? match)
    {
        string[] variables = match?.Part switch
        {
            RequestPartKind.Parameter =>
                ["ARGS", "ARGS_GET", "ARGS_POST", "ARGS_NAMES", "ARGS_GET_NAMES", "ARGS_POST_NAMES"],
            RequestPartKind.Header => ["REQUEST_HEADERS", "REQUEST_HEADERS_NAMES"],
            RequestPartKind.Cookie => ["REQUEST_COOKIES", "REQUEST_COOKIES_NAMES"],
            RequestPartKind.Path =>
                ["REQUEST_FILENAME", "REQUEST_BASENAME", "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_LINE"],
            RequestPartKind.Body => ["REQUEST_BODY", "XML", "ARGS_POST", "ARGS_POST_NAMES", "FILES", "FILES_NAMES"],
            _ => [],
        };
        var selector = match?.Name is { } name ? ":" + Selector(name) : "";
        return [.. variables.Select(variable => variable + selector)];
    }

    /// <summary>
    /// The name as a selector. <c>array_*</c> stands for any item of a JSON array, a <c>*</c> at the end for any rest.
    /// </summary>
    private static string Selector(string name)
    {
        var isPlain = name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
        if (isPlain) return name;
        var hasRest = name.EndsWith('*') && !name.EndsWith(AnyItem, StringComparison.Ordinal);
        var items = (hasRest ? name[..^1] : name).Split(AnyItem).Select(part => Escape(part));
        var pattern = string.Join("array_[0-9]+", items).Replace("/", @"\x2f", StringComparison.Ordinal);
        return $@"/\A{pattern}{(hasRest ? "" : @"\z")}/";
    }

    private static string PathPattern(string path) =>
        path.EndsWith('*') ? @"\A" + Escape(path[..^1]) : $@"\A{Escape(path)}\z";

    /// <summary>The text's bytes as a pattern that matches them alone, free of quotes, commas and macros.</summary>
    private static string Escape(string text)
    {
        var pattern = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'/' or (byte)'_' or (byte)'-') pattern.Append((char)b);
            else pattern.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }
        return pattern.ToString();
    }
}
