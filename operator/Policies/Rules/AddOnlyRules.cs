using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.Policies.Compilation;
using WafOperator.SecLang;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Rules that only somebody who may write a ConfigMap vouches for: they may find more, and take away only what they
/// brought themselves.
/// Whatever is not known to do no more than that is refused, so that a new spelling is refused too. What is named here
/// is what the engine
/// does; who may block requests with a rule may well block all of them, and that is seen at once.
/// </summary>
internal sealed partial class AddOnlyRules
{
    /// <summary>Settings that change nothing about what is inspected, or not in the wrong direction.</summary>
    private static readonly HashSet<string> HarmlessSettings = new(StringComparer.OrdinalIgnoreCase)
    {
        "SecComponentSignature", "SecCollectionTimeout", "SecWebAppId", "SecSensorId", "SecServerSignature",
            "SecAuditLogParts",
        "SecAuditLogRelevantStatus", "SecUnicodeMapFile", "SecUnicodeCodePage", "SecPcreMatchLimit",
        "SecPcreMatchLimitRecursion", "SecRequestBodyInMemoryLimit",
    };

    private static readonly HashSet<string> SwitchesOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "SecRuleEngine", "SecRequestBodyAccess", "SecResponseBodyAccess",
    };

    /// <summary>Controls that the engine passes over, or that let it see more.</summary>
    private static readonly HashSet<string> HarmlessControls = new(StringComparer.Ordinal)
    {
        "auditlogparts", "debugloglevel", "requestbodylimit", "responsebodylimit", "forcerequestbodyvariable",
        "hashengine", "hashenforcement", "parsexmlintoargs",
    };

    private static readonly HashSet<string> DefaultActions = new(StringComparer.Ordinal)
    {
        "phase", "log", "auditlog", "pass", "deny", "block", "drop", "status",
    };

    /// <summary>What may be added to a rule afterwards: an update is judged where it stands, and acts where the rule
    /// is.</summary>
    private static readonly HashSet<string> UpdatableActions = new(StringComparer.Ordinal)
    {
        "pass", "deny", "block", "drop", "log", "nolog", "auditlog", "noauditlog", "msg", "logdata", "severity",
        "status", "rev", "ver", "maturity", "accuracy", "capture", "t",
    };

    private static readonly HashSet<string> Collections = new(StringComparer.Ordinal)
    {
        "initcol", "setsid", "setuid", "setrsc",
    };

    private readonly ImmutableArray<Directive> _all;
    private readonly RuleOrigins _origins;
    private readonly bool _hasUnseen;
    private readonly HashSet<long> _ownIds = [];
    private readonly List<Directive> _trusted;
    private readonly ScoreVariables _variables;
    private readonly bool _othersUseCollections;
    private readonly HashSet<int> _othersBlockByDefault;

    /// <param name="all">All directives in the order in which they are read.</param>
    /// <param name="origins">Who vouches for each.</param>
    /// <param name="hasUnseen">There are rules beside these, which are not known here: sets of the sidecar's
    /// image.</param>
    public AddOnlyRules(ImmutableArray<Directive> all, RuleOrigins origins, bool hasUnseen)
    {
        (_all, _origins, _hasUnseen) = (all, origins, hasUnseen);
        _trusted = [.. all.Where(origins.IsTrusted)];
        foreach (var directive in all.Where(d =>
            !origins.IsTrusted(d))) _ownIds.Add(RuleFacts.Id(ActionsOf(directive)));
        _variables = new ScoreVariables(_trusted, hasUnseen, areHeadsChanged: all.Any(d => !origins.IsTrusted(d)
            && ChangesConditions(d)));
        _othersBlockByDefault = [.. _trusted.OfType<DefaultActionDirective>()
            .Where(d => d.Actions.Any(action => action.Name is "deny" or "block" or "drop"))
            .Select(d => RuleFacts.Phase(d.Actions))];
        _othersUseCollections = hasUnseen
            || _trusted.Any(d => ActionsOf(d).Any(action => Collections.Contains(action.Name)));
    }

    /// <summary>What is refused, with its line and the reason.</summary>
    public IEnumerable<Finding> Findings()
    {
        for (var at = 0; at < _all.Length; at++)
        {
            var directive = _all[at];
            if (_origins.IsTrusted(directive)) continue;
            foreach (var what in Weakening(directive, at)) yield return FindingOf(directive, what);
        }
    }

    private Finding FindingOf(Directive directive, string what)
    {
        var (file, line) = (directive.Location.File, directive.Location.Line);
        return new(FindingSeverity.Error, FindingKind.InvalidRules, _origins.FieldOf(file), string.Create(
            CultureInfo.InvariantCulture,
            $"line {line}: {what} is refused in a ConfigMap, whose rules may find more and nothing less; "
                + $"{_origins.Remedy(file)}"));
    }

    private IEnumerable<string> Weakening(Directive directive, int at) => directive switch
    {
        RuleDirective rule => rule.Actions.Select(action => OfAction(action, rule, at)).Append(OfChain(rule.Actions,
            at))
            .OfType<string>(),
        ActionDirective always => always.Actions.Select(action => OfAction(action, null, at))
            .Append(OfChain(always.Actions, at)).OfType<string>(),
        DefaultActionDirective defaults => defaults.Actions.Where(a => !IsPlainDefault(a, defaults))
            .Select(a => $"SecDefaultAction with {Name(a)}"),
        RemoveRulesDirective remove => OfSelection(remove.Selection) is { } why ? [$"SecRuleRemove… of {why}"] : [],
        UpdateTargetsDirective update => OfSelection(update.Selection) is { } why
            ? [$"SecRuleUpdateTarget… of {why}"] : [],
        UpdateActionsDirective update => IsOwn(new(update.RuleId, update.RuleId)) ? UpdatedActions(update)
            : [$"SecRuleUpdateActionById of rule {update.RuleId}, which is not this ConfigMap's,"],
        MarkerDirective => [],
        SettingDirective setting => IsHarmless(setting) ? []
            : [$"{setting.Name} {string.Join(' ', setting.Arguments)}"],
        _ => [directive.GetType().Name],
    };

    private static IEnumerable<string> UpdatedActions(UpdateActionsDirective update) =>
        update.Actions.Where(action => !UpdatableActions.Contains(action.Name))
            .Select(action => $"SecRuleUpdateActionById with {Name(action)}");

    /// <summary>Whether a rule's condition may become another one than its text says.</summary>
    private static bool ChangesConditions(Directive directive) =>
        directive is UpdateTargetsDirective or UpdateActionsDirective
        || ActionsOf(directive).Any(action => action.Name is "ctl"
            && action.Argument?.TrimStart().StartsWith("ruleRemoveTarget", StringComparison.OrdinalIgnoreCase) is true);

    private static bool IsHarmless(SettingDirective setting) => HarmlessSettings.Contains(setting.Name)
        || SwitchesOn.Contains(setting.Name) && setting.Arguments is [var value]
        && value.Equals("On", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Defaults hold for the rules of others that follow as well: they may not take from what those do, nor give them
    /// tags by which they could be chosen.
    /// </summary>
    private bool IsPlainDefault(ActionCall action, DefaultActionDirective defaults) =>
        DefaultActions.Contains(action.Name)
        && !(action.Name is "pass" && _othersBlockByDefault.Contains(RuleFacts.Phase(defaults.Actions)))
        || action is { Name: "t", Argument: { } transformation }
        && transformation.Equals("none", StringComparison.OrdinalIgnoreCase);

    private string? OfAction(ActionCall action, RuleDirective? rule, int at) => action.Name switch
    {
        "allow" => "allow",
        "ctl" => OfControl(action.Argument ?? ""),
        // It counts rules, and their number changes where one is removed.
        "skip" => $"skip:{action.Argument}, which counts rules (skipAfter and a SecMarker of the same file are taken),",
        "skipAfter" => OfJump(action.Argument ?? "", at),
        "setvar" or "expirevar" or "deprecatevar" => _variables.Refusal(action, HeadOf(rule, at)),
        _ when Collections.Contains(action.Name) && _othersUseCollections =>
            $"{Name(action)} beside rules with collections of their own",
        _ => null,
    };

    private string? OfControl(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = (equals < 0 ? text : text[..equals]).Trim().ToLowerInvariant();
        var value = equals < 0 ? "" : text[(equals + 1)..].Trim();
        var isFine = name switch
        {
            "ruleremovebyid" or "ruleremovebytag" or "ruleremovebymsg" => Chosen(name, value) is null,
            "ruleremovetargetbyid" or "ruleremovetargetbytag" or "ruleremovetargetbymsg" =>
                Chosen(name, value.Split(';')[0].Trim()) is null,
            "ruleengine" or "requestbodyaccess" or "responsebodyaccess" or "auditengine" =>
                value.Equals("On", StringComparison.OrdinalIgnoreCase),
            // A body that is neither is an error of its own, which is refused; as a form anything is read, and little
            // found.
            "requestbodyprocessor" => value.ToUpperInvariant() is "XML" or "JSON",
            _ => HarmlessControls.Contains(name),
        };
        return isFine ? null : $"ctl:{text}";
    }

    private string? Chosen(string name, string value)
    {
        var kind = name[^2..] switch
        {
            "id" => RuleSelectionKind.Id, "ag" => RuleSelectionKind.Tag, _ => RuleSelectionKind.Message,
        };
        if (kind is not RuleSelectionKind.Id) return OfSelection(new(kind, [], value));
        return RuleSelection.ParseIds(value) is { } ids ? OfSelection(new(kind, ids, "")) : value;
    }

    /// <summary>The rules that are chosen, in words, where any of them may be somebody else's; else null.</summary>
    private string? OfSelection(RuleSelection selection)
    {
        if (selection.Kind is RuleSelectionKind.Id)
        {
            foreach (var range in selection.Ids)
                if (!IsOwn(range)) return $"rules {range.First}-{range.Last}, which are not all this ConfigMap's,";
            return null;
        }

        var isPlain = PlainText().IsMatch(selection.Pattern);
        var isOthers = _hasUnseen || !isPlain || _trusted.Any(directive => ActionsOf(directive).Any(action =>
            action.Name is "tag" or "msg"
            && action.Argument?.Contains(selection.Pattern, StringComparison.OrdinalIgnoreCase) is true));
        return isOthers ? $"rules by \"{selection.Pattern}\", which others may have too," : null;
    }

    /// <summary>No rule of anybody else has an id in the range.</summary>
    private bool IsOwn(RuleIdRange range)
    {
        if (_hasUnseen)
            return range.Last - range.First < _ownIds.Count && Ids(range).All(_ownIds.Contains);
        if (range.First <= ReservedRuleIds.Last && range.Last >= ReservedRuleIds.First) return false;
        return !_trusted.Any(directive => RuleFacts.Id(ActionsOf(directive)) is var id and > 0
            && id >= range.First && id <= range.Last);
    }

    private static IEnumerable<long> Ids(RuleIdRange range)
    {
        for (var id = range.First; id <= range.Last; id++) yield return id;
    }

    /// <summary>A jump lands at the next marker of the name; without one all that follows is left out.</summary>
    private string? OfJump(string marker, int at)
    {
        for (var next = at + 1; next < _all.Length && !_origins.IsTrusted(_all[next]); next++)
            if (_all[next] is MarkerDirective { Name: var name } && name == marker) return null;
        return $"skipAfter:{marker}, which leads over rules of others,";
    }

    /// <summary>A chain that is not finished would take the next rule of others for its own.</summary>
    private string? OfChain(ImmutableArray<ActionCall> actions, int at)
    {
        if (!RuleFacts.IsChained(actions)) return null;
        for (var next = at + 1; next < _all.Length; next++)
            if (_all[next] is RuleDirective or ActionDirective)
                return _origins.IsTrusted(_all[next]) ? "a chain that goes on in the rules of others" : null;
        return "a chain that does not end";
    }

    /// <summary>The first rule of the chain that a rule is in.</summary>
    private RuleDirective? HeadOf(RuleDirective? rule, int at)
    {
        for (var before = at - 1; before >= 0; before--)
        {
            if (_all[before] is not (RuleDirective or ActionDirective)) continue;
            if (!RuleFacts.IsChained(ActionsOf(_all[before]))) break;
            rule = _all[before] as RuleDirective;
        }

        return rule;
    }

    private static string Name(ActionCall action) =>
        action.Argument is { } argument ? $"{action.Name}:{argument}" : action.Name;

    private static ImmutableArray<ActionCall> ActionsOf(Directive directive) => directive switch
    {
        RuleDirective rule => rule.Actions,
        ActionDirective always => always.Actions,
        _ => [],
    };

    [GeneratedRegex(@"\A[A-Za-z0-9_/. -]+\z")]
    private static partial Regex PlainText();
}
