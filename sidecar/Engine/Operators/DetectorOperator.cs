using WafOperator.Engine.Evaluation;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <summary>An operator that asks one of our detectors. Without one of the
/// bytes a detector needs a value cannot be an attack.</summary>
internal abstract class DetectorOperator(byte[] neededBytes, int fingerprintBytesMax) : RuleOperator
{
    public override PatternCondition Condition { get; } =
        PatternCondition.ContainsAny([.. neededBytes.Select(value => new[] { value })]);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[fingerprintBytesMax];
        if (!Detect(value, fingerprint, out var length))
        {
            return false;
        }

        if (state.WantsGroups)
        {
            state.Computed = state.Transaction.Memory.Append(fingerprint[..length]);
        }

        return true;
    }

    protected abstract bool Detect(ReadOnlySpan<byte> value, Span<byte> fingerprint, out int length);
}
