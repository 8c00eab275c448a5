// Description: the value is an SQL injection. TX.0 is the detector's fingerprint.
// Arguments:   none.
// Example:     SecRule ARGS "@detectSQLi" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;
using WafOperator.Engine.Evaluation;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectSqlInjection : RuleOperator
{
    public override ulong NeededClasses { get; } = ByteClasses.Of(SqlInjectionDetector.NeededBytes);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[SqlInjectionDetector.FingerprintBytesMax];
        if (!SqlInjectionDetector.Detect(value, fingerprint, out var length)) return false;
        if (state.WantsGroups) state.Computed = state.Transaction.Memory.Append(fingerprint[..length]);
        return true;
    }
}
