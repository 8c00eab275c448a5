// Description: the value is an SQL injection. TX.0 is the detector's fingerprint.
// Arguments:   none.
// Example:     SecRule ARGS "@detectSQLi" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Evaluation;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectSqlInjection : RuleOperator
{
    public override bool Matches(MatchState state, ReadOnlySpan<byte> value) => false;
}
