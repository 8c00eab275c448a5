using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>What a function does where one of its marks stands; all other bytes stay as they are.</summary>
internal interface IMarkedCoding
{
    /// <summary>The bytes that it looks at.</summary>
    static abstract SearchValues<byte> Marks { get; }

    /// <summary>
    /// Decodes what begins with a mark. Returns how many bytes that takes, at least one, and leaves what it stands for,
    /// never longer, at the start of the output.
    /// </summary>
    static abstract int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written);
}

/// <summary>
/// A function that acts on marks: searches for the next one, copies what is before it, decodes, goes on behind it.
/// </summary>
internal abstract class MarkedDecoder<TCoding>(string name) : Transformation(name)
    where TCoding : struct, IMarkedCoding
{
    public sealed override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOfAny(TCoding.Marks);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            if (next > 0)
            {
                rest[..next].CopyTo(output[written..]);
                written += next;
                rest = rest[next..];
            }

            rest = rest[TCoding.Decode(rest, output[written..], out var count)..];
            written += count;
            // Hostile values are one mark behind another: no search is begun for those.
            var isMarkNext = !rest.IsEmpty && TCoding.Marks.Contains(rest[0]);
            next = isMarkNext ? 0 : rest.IndexOfAny(TCoding.Marks);
        }

        rest.CopyTo(output[written..]);
        return Finish(input, output, written + rest.Length);
    }
}
