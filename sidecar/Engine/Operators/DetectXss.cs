// Description: the value is a script injection (XSS). TX.0 is what the detector found.
// Arguments:   none.
// Example:     SecRule ARGS "@detectXSS" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectXss()
    : DetectorOperator(XssDetector.NeededBytes.ToArray(), XssDetector.FingerprintBytesMax)
{
    protected override bool Detect(
        ReadOnlySpan<byte> value, Span<byte> fingerprint, ref long steps, out int length) =>
        XssDetector.Detect(value, fingerprint, ref steps, out length);
}
