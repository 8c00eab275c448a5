using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>t:replaceComments: each C comment becomes one space, also one that never ends.</summary>
internal sealed class ReplaceComments() : Transformation("replaceComments")
{
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
internal sealed class RemoveComments() : Transformation("removeComments")
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("/<-#"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.ContainsAny(Marks)) return Unchanged;
        var written = 0;
        var rest = input;
        while (!rest.IsEmpty)
        {
            var next = rest.IndexOfAny(Marks);
            var plain = next < 0 ? rest : rest[..next];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (next < 0) break;
            rest = rest[next..];
            if (rest.StartsWith("--"u8) || rest[0] == '#') break;
            var opening = rest.StartsWith("/*"u8) ? 2 : rest.StartsWith("<!--"u8) ? 4 : 0;
            if (opening == 0)
            {
                output[written++] = rest[0];
                rest = rest[1..];
                continue;
            }

            if (!TrySkipComment(ref rest, opening))
            {
                output[written++] = (byte)' ';
                break;
            }
        }

        return Finish(input, output, written);
    }

    /// <summary>Either ending closes either comment, as in ModSecurity.</summary>
    private static bool TrySkipComment(ref ReadOnlySpan<byte> rest, int opening)
    {
        var body = rest[opening..];
        for (var i = 0; i < body.Length; i++)
        {
            var skip = body.Slice(i).IndexOfAny((byte)'*', (byte)'-');
            if (skip < 0) break;
            i += skip;
            var length = body[i..].StartsWith("*/"u8) ? 2 : body[i..].StartsWith("-->"u8) ? 3 : 0;
            if (length == 0) continue;
            rest = body[(i + length)..];
            return true;
        }

        return false;
    }
}

/// <summary>t:removeCommentsChar: the marks of comments are dropped, their text stays.</summary>
internal sealed class RemoveCommentsChar() : Transformation("removeCommentsChar")
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("/*<-#"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.ContainsAny(Marks)) return Unchanged;
        var written = 0;
        var rest = input;
        while (!rest.IsEmpty)
        {
            var next = rest.IndexOfAny(Marks);
            var plain = next < 0 ? rest : rest[..next];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (next < 0) break;
            rest = rest[next..];
            var length = MarkLength(rest);
            if (length == 0)
            {
                output[written++] = rest[0];
                length = 1;
            }

            rest = rest[length..];
        }

        return Finish(input, output, written);
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
