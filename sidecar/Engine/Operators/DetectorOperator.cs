using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <summary>An operator that asks one of our detectors. Without one of the
/// bytes a detector needs a value cannot be an attack.</summary>
internal abstract class DetectorOperator(byte[] neededBytes, int fingerprintBytesMax) : RuleOperator
{
    public override PatternCondition Condition { get; } =
        PatternCondition.ContainsAny([.. neededBytes.Select(value => new[] { value })]);

    /// <summary>A detector pays for its own steps, the more structure it meets.</summary>
    public override long StepsFor(ReadOnlySpan<byte> value) => value.Length / 8;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[fingerprintBytesMax];
        var budget = state.StepsLeft;
        var left = budget;
        var isFound = Detect(value, fingerprint, ref left, out var length);
        state.SpendAll(budget - left);
        if (!isFound)
        {
            return false;
        }

        // Whether the rule captures it or not: as evidence a match weighs by what was found.
        state.Compute(fingerprint[..length]);
        return true;
    }

    protected abstract bool Detect(ReadOnlySpan<byte> value, Span<byte> fingerprint, ref long steps, out int length);
}
