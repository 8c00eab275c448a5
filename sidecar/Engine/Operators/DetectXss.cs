// Description: the value is a script injection (XSS).
// Arguments:   none.
// Example:     SecRule ARGS "@detectXSS" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Evaluation;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectXss : RuleOperator
{
    public override bool Matches(MatchState state, ReadOnlySpan<byte> value) => false;
}
