// Description: compares the value, read as a whole number, with the argument: @eq, @ge, @gt, @le, @lt.
// Arguments:   a whole number; macros are expanded. What is not a number counts as 0.
// Example:     SecRule &REQUEST_HEADERS:Host "@eq 0" "id:1,phase:1,deny"
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class NumberOperator(NumberRelation relation, Macro right) : RuleOperator
{
    /// <summary>Whether the argument is known when rules are compiled.</summary>
    public bool IsConstant => right.IsConstant;

    /// <summary>The comparison where <see cref="IsConstant"/>.</summary>
    public NumberComparison Comparison { get; } = new(relation, right.ConstantNumber);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        var comparison = right.IsConstant ? Comparison : new NumberComparison(relation, state.ExpandNumber(right));
        return comparison.Holds(TransactionMemory.ParseNumber(value));
    }
}
