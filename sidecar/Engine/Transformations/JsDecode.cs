using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:jsDecode: JavaScript escapes. Of a four-digit one the low byte is kept, full width forms become ASCII; a backslash
/// before any other byte is dropped.
/// </summary>
internal sealed class JsDecode() : MarkedDecoder<JsEscape>("jsDecode")
{
    internal override byte[]? Triggers => [.. "\\"u8];
}

/// <summary>An escape of JavaScript.</summary>
internal readonly struct JsEscape : IMarkedCoding
{
    public static SearchValues<byte> Marks { get; } = SearchValues.Create("\\"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        written = 1;
        if (text.Length > 1) return Decode(text, out output[0]);
        output[0] = text[0];
        return 1;
    }

    /// <summary>Returns how many bytes the escape takes; there is at least one behind the backslash.</summary>
    private static int Decode(ReadOnlySpan<byte> escape, out byte value)
    {
        var mark = escape[1];
        var digits = escape[2..];
        if (mark == 'u' && Bytes.HexRun(digits, 4) == 4)
        {
            value = Bytes.LowByte(digits[..4]);
            return 6;
        }

        if (mark == 'x' && Bytes.HexRun(digits, 2) == 2)
        {
            value = Bytes.HexPair(digits);
            return 4;
        }

        if (Bytes.IsOctal(mark)) return 1 + DecodeOctal(escape[1..], out value);
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

    /// <summary>Up to three octal digits; only two when three would not fit a byte.</summary>
    private static int DecodeOctal(ReadOnlySpan<byte> digits, out byte value)
    {
        var count = 0;
        var number = 0;
        while (count < 3 && count < digits.Length && Bytes.IsOctal(digits[count]))
        {
            if (count == 2 && number * 8 > 255) break;
            number = number * 8 + (digits[count++] - '0');
        }

        value = (byte)number;
        return count;
    }
}
