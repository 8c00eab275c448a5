// Description: the value is a script injection (XSS). TX.0 says by which means: tag, handler, url, …
// Arguments:   none.
// Example:     SecRule ARGS "@detectXSS" "id:1,phase:2,deny,capture"
using WafOperator.Engine.Detectors;
using WafOperator.Engine.Evaluation;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class DetectXss : RuleOperator
{
    public override ulong NeededClasses { get; } = ByteClasses.Of(XssDetector.NeededBytes);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[XssDetector.FingerprintBytesMax];
        if (!XssDetector.Detect(value, fingerprint, out var length)) return false;
        if (state.WantsGroups) state.Computed = state.Transaction.Memory.Append(fingerprint[..length]);
        return true;
    }
}
