// Description: the value is a script injection (XSS). TX.0 is what the detector found.
// Arguments:   none.
// Example:     SecRule ARGS "@detectXSS" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectXss()
    : DetectorOperator(XssDetector.NeededBytes.ToArray(), XssDetector.FingerprintBytesMax)
{
    private const long StepsPerByte = 24;

    /// <summary>It is read once for each place that text can stand in.</summary>
    public override long StepsFor(ReadOnlySpan<byte> value) =>
        XssDetector.CanHold(value) ? StepsPerByte * value.Length : value.Length / 4;

    protected override bool Detect(ReadOnlySpan<byte> value, Span<byte> fingerprint, out int length) =>
        XssDetector.Detect(value, fingerprint, out length);
}
