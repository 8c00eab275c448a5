namespace WafOperator.Engine.Transformations;

/// <summary>t:compressWhitespace: every run of white space becomes one space.</summary>
internal sealed class CompressWhitespace() : Transformation("compressWhitespace")
{
    internal override byte[]? Triggers => Bytes.SpacesAndBeyond;

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        // Prose has single spaces: nothing to do, and two quick searches tell.
        if (!input.ContainsAny(Bytes.SpaceOrNoBreakButBlank) && input.IndexOf("  "u8) < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (true)
        {
            var next = rest.IndexOfAny(Bytes.SpaceOrNoBreak);
            var plain = next < 0 ? rest : rest[..next];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (next < 0) return Finish(input, output, written);
            output[written++] = (byte)' ';
            rest = rest[next..];
            var end = rest.IndexOfAnyExcept(Bytes.SpaceOrNoBreak);
            if (end < 0) return Finish(input, output, written);
            rest = rest[end..];
        }
    }
}

/// <summary>t:removeWhitespace: white space is dropped.</summary>
internal sealed class RemoveWhitespace() : Transformation("removeWhitespace")
{
    internal override byte[]? Triggers => Bytes.SpacesAndBeyond;

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOfAny(Bytes.SpaceOrNoBreak);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[(next + 1)..];
            next = rest.IndexOfAny(Bytes.SpaceOrNoBreak);
        }

        rest.CopyTo(output[written..]);
        return written + rest.Length;
    }
}
