using System.Collections.Frozen;

namespace WafOperator.SecLang;

/// <summary>What an action does to a rule.</summary>
public enum ActionKind
{
    /// <summary>Describes the rule (<c>id</c>, <c>msg</c>, <c>tag</c>).</summary>
    Metadata,

    /// <summary>Decides about the request; one per rule, in the head of a chain.</summary>
    Disruptive,

    /// <summary>Works on every match (<c>setvar</c>, <c>ctl</c>).</summary>
    NonDisruptive,

    /// <summary>Steers which rule comes next (<c>chain</c>, <c>skip</c>).</summary>
    Flow,

    /// <summary>Carries an argument of a disruptive action (<c>status</c>).</summary>
    Data,

    /// <summary>A transformation, <c>t:</c>.</summary>
    Transformation,
}

/// <summary>Whether an action takes an argument.</summary>
public enum ActionArgument
{
    /// <summary>Never.</summary>
    None,

    /// <summary>Always.</summary>
    Required,

    /// <summary>As the author likes.</summary>
    Optional,
}

/// <summary>An action: its kind, its argument and what becomes of it.</summary>
public sealed record ActionInfo(string Name, ActionKind Kind, ActionArgument Argument, Support Support, string Reason);

/// <summary>All actions of the ModSecurity reference manual, and the <c>ctl</c> settings.</summary>
public static class ActionCatalogue
{
    /// <summary>All actions by name, whatever the case.</summary>
    public static FrozenDictionary<string, ActionInfo> All { get; } =
        Rows().ToFrozenDictionary(info => info.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The settings <c>ctl</c> knows, in their usual spelling.</summary>
    public static FrozenSet<string> CtlSettings { get; } = new[]
    {
        "auditEngine", "auditLogParts", "debugLogLevel", "forceRequestBodyVariable", "requestBodyAccess",
            "requestBodyLimit",
        "requestBodyProcessor", "responseBodyAccess", "responseBodyLimit", "ruleEngine", "ruleRemoveById",
        "ruleRemoveByMsg", "ruleRemoveByTag", "ruleRemoveTargetById", "ruleRemoveTargetByMsg",
        "ruleRemoveTargetByTag", "hashEngine", "hashEnforcement", "parseXmlIntoArgs",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<ActionInfo> Rows() =>
    [
        .. Named(ActionKind.Metadata, ActionArgument.Required, "id", "phase", "msg", "rev", "ver", "severity",
            "maturity", "accuracy", "tag", "logdata"),
        .. Named(ActionKind.Disruptive, ActionArgument.None, "deny", "block", "drop", "pass"),
        .. Named(ActionKind.Disruptive, ActionArgument.Optional, "allow"),
        .. Named(ActionKind.Disruptive, ActionArgument.Required, "redirect"),
        .. Named(ActionKind.Data, ActionArgument.Required, "status", "xmlns"),
        .. Named(ActionKind.Flow, ActionArgument.None, "chain"),
        .. Named(ActionKind.Flow, ActionArgument.Required, "skip", "skipAfter"),
        .. Named(ActionKind.Transformation, ActionArgument.Required, "t"),
        .. Named(ActionKind.NonDisruptive, ActionArgument.None, "auditlog", "noauditlog", "log", "nolog", "capture",
            "multiMatch"),
        .. Named(ActionKind.NonDisruptive, ActionArgument.Required, "ctl", "setvar", "expirevar", "deprecatevar",
            "initcol",
            "setsid", "setuid", "setrsc", "setenv", "sanitiseArg", "sanitiseRequestHeader",
            "sanitiseResponseHeader"),
        .. Named(ActionKind.NonDisruptive, ActionArgument.Optional, "sanitiseMatched", "sanitiseMatchedBytes"),
        new("exec", ActionKind.NonDisruptive, ActionArgument.Required, Support.Refused, "rules must not run programs"),
        new("proxy", ActionKind.Disruptive, ActionArgument.Required, Support.Refused,
            "rules must not send a request to another place"),
        new("pause", ActionKind.Disruptive, ActionArgument.Required, Support.Refused,
            "holding requests open lets an attacker fill the proxy; use rate limits"),
        new("append", ActionKind.NonDisruptive, ActionArgument.Required, Support.Refused, NoEdit),
        new("prepend", ActionKind.NonDisruptive, ActionArgument.Required, Support.Refused, NoEdit),
    ];

    private const string NoEdit = "responses are not rewritten by rules";

    private static IEnumerable<ActionInfo> Named(ActionKind kind, ActionArgument argument, params string[] names) =>
        names.Select(name => new ActionInfo(name, kind, argument, Support.Full, ""));
}
