using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>One directive of a rules file.</summary>
public abstract record Directive(SourceLocation Location);

/// <summary><c>SecRule VARIABLES OPERATOR [ACTIONS]</c>.</summary>
public sealed record RuleDirective(
    SourceLocation Location,
    ImmutableArray<VariableTarget> Targets,
    OperatorCall Operator,
    ImmutableArray<ActionCall> Actions) : Directive(Location);

/// <summary><c>SecAction ACTIONS</c>: a rule that always matches.</summary>
public sealed record ActionDirective(SourceLocation Location, ImmutableArray<ActionCall> Actions) : Directive(Location);

/// <summary><c>SecDefaultAction ACTIONS</c>: what <c>block</c> means in a phase, for the rules that follow.</summary>
public sealed record DefaultActionDirective(SourceLocation Location, ImmutableArray<ActionCall> Actions)
    : Directive(Location);

/// <summary><c>SecMarker NAME</c>: where <c>skipAfter</c> lands.</summary>
public sealed record MarkerDirective(SourceLocation Location, string Name) : Directive(Location);

/// <summary><c>SecRuleRemoveById</c>, <c>…ByTag</c>, <c>…ByMsg</c>: takes rules out that came before.</summary>
public sealed record RemoveRulesDirective(SourceLocation Location, RuleSelection Selection) : Directive(Location);

/// <summary>
/// <c>SecRuleUpdateTargetById</c>, <c>…ByTag</c>, <c>…ByMsg</c>: adds or excludes variables of earlier rules.
/// </summary>
public sealed record UpdateTargetsDirective(
    SourceLocation Location, RuleSelection Selection, ImmutableArray<VariableTarget> Targets, string? Replaced)
    : Directive(Location);

/// <summary>
/// <c>SecRuleUpdateActionById</c>: replaces actions of an earlier rule, optionally at a place in its chain.
/// </summary>
public sealed record UpdateActionsDirective(
    SourceLocation Location, long RuleId, int ChainOffset, ImmutableArray<ActionCall> Actions) : Directive(Location);

/// <summary>Any other directive: a name and its arguments (<c>SecRuleEngine On</c>).</summary>
public sealed record SettingDirective(SourceLocation Location, string Name, ImmutableArray<string> Arguments)
    : Directive(Location);

/// <summary>How a directive or an action names rules.</summary>
public enum RuleSelectionKind
{
    /// <summary>By number and ranges of numbers.</summary>
    Id,

    /// <summary>By a pattern over tags.</summary>
    Tag,

    /// <summary>By a pattern over messages.</summary>
    Message,
}

/// <summary>A choice of rules: ranges of ids, or a pattern over tags or messages.</summary>
public sealed record RuleSelection(RuleSelectionKind Kind, ImmutableArray<RuleIdRange> Ids, string Pattern)
{
    /// <summary>Reads ids and ranges parted by spaces or commas; null where the text is something else.</summary>
    public static ImmutableArray<RuleIdRange>? ParseIds(string text) => DirectiveParser.ParseIds(text);

    /// <summary>Whether a rule with this id is chosen by number.</summary>
    public bool ContainsId(long id)
    {
        foreach (var range in Ids)
        {
            if (id >= range.First && id <= range.Last)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Rule ids from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
public readonly record struct RuleIdRange(long First, long Last);
