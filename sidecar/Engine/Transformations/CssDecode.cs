using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:cssDecode: CSS escapes (CSS 2.1 section 4.1.3), of which only the low byte is kept; full width forms become ASCII.
/// A backslash before a line end goes with it, a backslash at the end goes alone.
/// </summary>
internal sealed class CssDecode() : MarkedDecoder<CssEscape>("cssDecode")
{
    internal override byte[]? Triggers => [.. "\\"u8];
}

/// <summary>An escape of CSS.</summary>
internal readonly struct CssEscape : IMarkedCoding
{
    public static SearchValues<byte> Marks { get; } = SearchValues.Create("\\"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        var escaped = text[1..];
        written = 0;
        if (escaped.IsEmpty) return 1;
        var digits = Bytes.HexRun(escaped, 6);
        if (digits == 0)
        {
            if (escaped[0] != '\n') output[written++] = escaped[0];
            return 2;
        }

        output[written++] = Decode(escaped[..digits]);
        return 1 + digits + (digits < escaped.Length && Bytes.IsSpace(escaped[digits]) ? 1 : 0);
    }

    private static byte Decode(ReadOnlySpan<byte> digits)
    {
        if (digits.Length == 1) return (byte)Bytes.HexValue(digits[0]);
        if (digits.Length < 4) return Bytes.HexPair(digits[^2..]);
        var isShort = digits[..^4].IndexOfAnyExcept((byte)'0') < 0;
        return isShort ? Bytes.LowByte(digits[^4..]) : Bytes.HexPair(digits[^2..]);
    }
}
