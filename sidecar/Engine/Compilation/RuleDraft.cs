using System.Collections.Immutable;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>A rule on its way from the document to the program, open to the directives that change it.</summary>
internal sealed class RuleDraft
{
    public required SourceLocation Location { get; init; }

    public required ImmutableArray<VariableTarget> Targets { get; set; }

    public required OperatorCall? Operator { get; init; }

    public required ImmutableArray<ActionCall> Actions { get; set; }

    /// <summary>The phase of the head it belongs to.</summary>
    public required int Phase { get; init; }

    /// <summary>What SecDefaultAction said where the rule stands.</summary>
    public required ImmutableArray<ActionCall> Defaults { get; init; }

    public RuleDraft? Next { get; set; }

    public long Id => RuleFacts.Id(Actions);

    public IEnumerable<string> Tags => Actions.Where(a => a.Name == "tag").Select(a => a.Argument ?? "");

    public string Message => RuleFacts.Argument(Actions, "msg") ?? "";
}
