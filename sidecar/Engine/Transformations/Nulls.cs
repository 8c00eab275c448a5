namespace WafOperator.Engine.Transformations;

/// <summary>t:removeNulls: zero bytes are dropped.</summary>
internal sealed class RemoveNulls() : Transformation("removeNulls")
{
    internal override byte[]? Triggers => [0];

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.Contains((byte)0)) return Unchanged;
        var written = 0;
        foreach (var value in input)
        {
            if (value != 0) output[written++] = value;
        }

        return written;
    }
}

/// <summary>t:replaceNulls: zero bytes become spaces.</summary>
internal sealed class ReplaceNulls() : Transformation("replaceNulls")
{
    internal override byte[]? Triggers => [0];

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.Contains((byte)0)) return Unchanged;
        input.Replace(output, (byte)0, (byte)' ');
        return input.Length;
    }
}
