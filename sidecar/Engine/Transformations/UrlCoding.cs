using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>t:urlDecode: percent escapes and plus signs; what is not a valid escape stays.</summary>
internal sealed class UrlDecode() : Transformation("urlDecode")
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("%+"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOfAny(Marks);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[next..];
            var isEscape = rest[0] == '%' && Bytes.HexRun(rest[1..], 2) == 2;
            output[written++] = isEscape ? Bytes.HexPair(rest[1..]) : rest[0] == '+' ? (byte)' ' : rest[0];
            rest = rest[(isEscape ? 3 : 1)..];
            next = rest.IndexOfAny(Marks);
        }

        rest.CopyTo(output[written..]);
        return Finish(input, output, written + rest.Length);
    }
}

/// <summary>
/// t:urlDecodeUni: as urlDecode, and %uXXXX as the servers of one maker read it: by the best-fit map of code page
/// 20127, full width forms as ASCII, else the low byte.
/// </summary>
internal sealed class UrlDecodeUni() : Transformation("urlDecodeUni")
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("%+"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOfAny(Marks);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[next..];
            rest = rest[Decode(rest, out output[written++])..];
            next = rest.IndexOfAny(Marks);
        }

        rest.CopyTo(output[written..]);
        return Finish(input, output, written + rest.Length);
    }

    private static int Decode(ReadOnlySpan<byte> text, out byte value)
    {
        value = text[0] == '+' ? (byte)' ' : text[0];
        if (text[0] == '+' || text.Length < 3) return 1;
        if (Bytes.HexRun(text[1..], 2) == 2)
        {
            value = Bytes.HexPair(text[1..]);
            return 3;
        }

        if ((text[1] | 0x20) != 'u' || Bytes.HexRun(text[2..], 4) != 4) return 1;
        var digits = text.Slice(2, 4);
        var mapped = BestFit.Of(Bytes.HexPair(digits) << 8 | Bytes.HexPair(digits[2..]));
        value = mapped != 0 ? mapped : Bytes.LowByte(digits);
        return 6;
    }
}

/// <summary>t:urlEncode: all but letters, digits and the asterisk as escapes, the space as a plus sign.</summary>
internal sealed class UrlEncode() : Transformation("urlEncode")
{
    public override int OutputMax(int inputLength) => checked(inputLength * 3);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var written = 0;
        foreach (var value in input)
        {
            if (Bytes.IsAlphanumeric(value) || value == '*')
            {
                output[written++] = value;
            }
            else if (value == ' ')
            {
                output[written++] = (byte)'+';
            }
            else
            {
                output[written++] = (byte)'%';
                output[written++] = Bytes.HexDigit(value >> 4);
                output[written++] = Bytes.HexDigit(value & 15);
            }
        }

        return Finish(input, output, written);
    }
}
