namespace WafOperator.Engine.Transformations;

/// <summary>t:none: empties the list of transformations; as a function it changes nothing.</summary>
internal sealed class None() : Transformation("none")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output) => Unchanged;
}
