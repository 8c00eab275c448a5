using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:escapeSeqDecode: escape sequences of ANSI C. A backslash before anything else is dropped, a last one stays.
/// </summary>
internal sealed class EscapeSeqDecode() : MarkedDecoder<CEscape>("escapeSeqDecode")
{
    internal override byte[]? Triggers => [.. "\\"u8];
}

/// <summary>An escape of C.</summary>
internal readonly struct CEscape : IMarkedCoding
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
