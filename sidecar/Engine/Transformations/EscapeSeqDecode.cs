namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:escapeSeqDecode: escape sequences of ANSI C. A backslash before anything else is dropped, a last one stays.
/// </summary>
internal sealed class EscapeSeqDecode() : Transformation("escapeSeqDecode")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOf((byte)'\\');
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[next..];
            if (rest.Length == 1) break;
            rest = rest[Decode(rest, out output[written++])..];
            next = rest.IndexOf((byte)'\\');
        }

        rest.CopyTo(output[written..]);
        return Finish(input, output, written + rest.Length);
    }

    private static int Decode(ReadOnlySpan<byte> escape, out byte value)
    {
        var mark = escape[1];
        if ((mark | 0x20) == 'x' && Bytes.HexRun(escape[2..], 2) == 2)
        {
            value = Bytes.HexPair(escape[2..]);
            return 4;
        }

        if (Bytes.IsOctal(mark))
        {
            var count = 0;
            var number = 0;
            while (count < 3 && count + 1 < escape.Length && Bytes.IsOctal(escape[count + 1]))
                number = number * 8 + (escape[++count] - '0');
            value = (byte)number;
            return 1 + count;
        }

        value = mark switch
        {
            (byte)'a' => 7,
            (byte)'b' => 8,
            (byte)'t' => 9,
            (byte)'n' => 10,
            (byte)'v' => 11,
            (byte)'f' => 12,
            (byte)'r' => 13,
            _ => mark,
        };
        return 2;
    }
}
