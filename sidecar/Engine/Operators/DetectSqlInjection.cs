// Description: the value is an SQL injection. TX.0 is the detector's fingerprint.
// Arguments:   none.
// Example:     SecRule ARGS "@detectSQLi" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectSqlInjection()
    : DetectorOperator(SqlInjectionDetector.NeededBytes.ToArray(), SqlInjectionDetector.FingerprintBytesMax)
{
    protected override bool Detect(
        ReadOnlySpan<byte> value, Span<byte> fingerprint, ref long steps, out int length) =>
        SqlInjectionDetector.Detect(value, fingerprint, ref steps, out length);
}
