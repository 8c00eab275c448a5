using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>t:urlDecode: percent escapes and plus signs; what is not a valid escape stays.</summary>
internal sealed class UrlDecode() : MarkedDecoder<UrlEscape>("urlDecode")
{
    internal override byte[]? Triggers => [.. "%+"u8];
}

/// <summary>
/// t:urlDecodeUni: as urlDecode, and %uXXXX as the servers of one maker read it: by the best-fit map of code page
/// 20127, full width forms as ASCII, else the low byte.
/// </summary>
internal sealed class UrlDecodeUni() : MarkedDecoder<WideUrlEscape>("urlDecodeUni")
{
    internal override byte[]? Triggers => [.. "%+"u8];
}

/// <summary>A percent escape or a plus sign (WHATWG URL, application/x-www-form-urlencoded).</summary>
internal readonly struct UrlEscape : IMarkedCoding
{
    public static SearchValues<byte> Marks { get; } = SearchValues.Create("%+"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        written = 1;
        if (text[0] == '%' && Bytes.HexRun(text[1..], 2) == 2)
        {
            output[0] = Bytes.HexPair(text[1..]);
            return 3;
        }

        output[0] = text[0] == '+' ? (byte)' ' : text[0];
        return 1;
    }
}

/// <summary>The same, and %uXXXX.</summary>
internal readonly struct WideUrlEscape : IMarkedCoding
{
    public static SearchValues<byte> Marks => UrlEscape.Marks;

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        var taken = UrlEscape.Decode(text, output, out written);
        var isWide = text is [(byte)'%', (byte)'u' or (byte)'U', ..] && Bytes.HexRun(text[2..], 4) == 4;
        if (!isWide) return taken;
        var digits = text.Slice(2, 4);
        var mapped = BestFit.Of(Bytes.HexPair(digits) << 8 | Bytes.HexPair(digits[2..]));
        output[0] = mapped != 0 ? mapped : Bytes.LowByte(digits);
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
