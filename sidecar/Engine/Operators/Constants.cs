// Description: @unconditionalMatch matches every value, @noMatch none. @noMatch also stands for operators that are
// refused.
// Arguments:   none.
// Example:     SecRule REMOTE_ADDR "@unconditionalMatch" "id:1,phase:1,pass"
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class UnconditionalMatch : RuleOperator
{
    public override bool Matches(MatchState state, ReadOnlySpan<byte> value) => true;
}

/// <inheritdoc/>
internal sealed class NoMatch : RuleOperator
{
    public override bool Matches(MatchState state, ReadOnlySpan<byte> value) => false;
}
