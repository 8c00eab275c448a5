namespace WafOperator.Engine.Transformations;

/// <summary>t:none: empties the list of transformations; as a function it changes nothing.</summary>
internal sealed class None() : Transformation("none")
{
    internal override byte[]? Triggers => [];

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output) => Unchanged;
}
