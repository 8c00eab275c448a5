// Description: the value is an SQL injection. TX.0 is the detector's fingerprint.
// Arguments:   none.
// Example:     SecRule ARGS "@detectSQLi" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectSqlInjection()
    : DetectorOperator(SqlInjectionDetector.NeededBytes.ToArray(), SqlInjectionDetector.FingerprintBytesMax)
{
    private const long StepsPerByte = 8;

    /// <summary>It is read as it is, and once more for each kind of quote that it holds.</summary>
    public override long StepsFor(ReadOnlySpan<byte> value) =>
        StepsPerByte * value.Length * (1 + (value.Contains((byte)'\'') ? 1 : 0) + (value.Contains((byte)'"') ? 1 : 0));

    protected override bool Detect(ReadOnlySpan<byte> value, Span<byte> fingerprint, out int length) =>
        SqlInjectionDetector.Detect(value, fingerprint, out length);
}
