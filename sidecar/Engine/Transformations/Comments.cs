using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>t:replaceComments: each C comment becomes one space, also one that never ends.</summary>
internal sealed class ReplaceComments() : Transformation("replaceComments")
{
    internal override byte[]? Triggers => [.. "/*"u8];

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOf("/*"u8);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            output[written++] = (byte)' ';
            rest = rest[(next + 2)..];
            var end = rest.IndexOf("*/"u8);
            if (end < 0) return written;
            rest = rest[(end + 2)..];
            next = rest.IndexOf("/*"u8);
        }

        rest.CopyTo(output[written..]);
        return written + rest.Length;
    }
}

/// <summary>
/// t:removeComments: C and HTML comments are dropped; what follows -- or # is dropped to the end; a comment that never
/// ends becomes one space.
/// </summary>
internal sealed class RemoveComments() : MarkedDecoder<Comment>("removeComments")
{
    internal override byte[]? Triggers => [.. "/*<!->#\0"u8];
}

/// <summary>A comment of C, HTML or SQL as a whole.</summary>
internal readonly struct Comment : IMarkedCoding
{
    public static SearchValues<byte> Marks { get; } = SearchValues.Create("/<-#"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        written = 0;
        if (text[0] == '#' || text.StartsWith("--"u8)) return text.Length;
        var opening = text.StartsWith("/*"u8) ? 2 : text.StartsWith("<!--"u8) ? 4 : 0;
        if (opening > 0 && LengthOf(text, opening) is > 0 and var length) return length;
        output[written++] = opening > 0 ? (byte)' ' : text[0];
        return opening > 0 ? text.Length : 1;
    }

    /// <summary>Where it ends, or 0. Either ending closes either comment, as in ModSecurity.</summary>
    private static int LengthOf(ReadOnlySpan<byte> text, int opening)
    {
        for (var at = opening; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny((byte)'*', (byte)'-');
            if (skip < 0) break;
            at += skip;
            var ending = text[at..].StartsWith("*/"u8) ? 2 : text[at..].StartsWith("-->"u8) ? 3 : 0;
            if (ending > 0) return at + ending;
        }

        return 0;
    }
}

/// <summary>t:removeCommentsChar: the marks of comments are dropped, their text stays.</summary>
internal sealed class RemoveCommentsChar() : MarkedDecoder<CommentMark>("removeCommentsChar")
{
    internal override byte[]? Triggers => [.. "/*<!->#\0"u8];
}

/// <summary>What begins or ends a comment.</summary>
internal readonly struct CommentMark : IMarkedCoding
{
    public static SearchValues<byte> Marks { get; } = SearchValues.Create("/*<-#"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        var length = MarkLength(text);
        written = length > 0 ? 0 : 1;
        if (length > 0) return length;
        output[0] = text[0];
        return 1;
    }

    private static int MarkLength(ReadOnlySpan<byte> rest) => rest switch
    {
        [(byte)'#', ..] => 1,
        [(byte)'<', (byte)'!', (byte)'-', (byte)'-', ..] => 4,
        [(byte)'-', (byte)'-', (byte)'>', ..] => 3,
        [(byte)'-', (byte)'-', ..] or [(byte)'/', (byte)'*', ..] or [(byte)'*', (byte)'/', ..] => 2,
        _ => 0,
    };
}
