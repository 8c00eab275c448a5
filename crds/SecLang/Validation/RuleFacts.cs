using System.Globalization;

namespace WafOperator.SecLang;

/// <summary>Reads simple facts out of a list of actions.</summary>
public static class RuleFacts
{
    /// <summary>The phase of a rule that names none.</summary>
    public const int DefaultPhase = 2;

    /// <summary>The actions of a rule or of an action that stands alone; null for other directives.</summary>
    public static IReadOnlyList<ActionCall>? ActionsOf(Directive directive) => directive switch
    {
        RuleDirective rule => rule.Actions,
        ActionDirective action => action.Actions,
        _ => null,
    };

    /// <summary>The rule's id, 0 where there is none.</summary>
    public static long Id(IEnumerable<ActionCall> actions) =>
        Argument(actions, "id") is { } text
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    /// <summary>The rule's phase, 1 to 5.</summary>
    public static int Phase(IEnumerable<ActionCall> actions) =>
        Argument(actions, "phase") is { } text ? ParsePhase(text) ?? DefaultPhase : DefaultPhase;

    /// <summary>Whether the rule goes on in the next one.</summary>
    public static bool IsChained(IEnumerable<ActionCall> actions) => actions.Any(a => a.Name == "chain");

    /// <summary>The argument of the last action with this name.</summary>
    public static string? Argument(IEnumerable<ActionCall> actions, string name) =>
        actions.LastOrDefault(a => a.Name == name)?.Argument;

    /// <summary>1 to 5 for a number or a name, otherwise null.</summary>
    public static int? ParsePhase(string text) => text.Trim().ToLowerInvariant() switch
    {
        "1" => 1,
        "2" or "request" => 2,
        "3" => 3,
        "4" or "response" => 4,
        "5" or "logging" => 5,
        _ => null,
    };
}
