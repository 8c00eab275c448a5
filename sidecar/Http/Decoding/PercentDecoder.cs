using System.Buffers;

namespace WafOperator.Http.Decoding;

/// <summary>
/// Percent decoding as servers do it: what is not a valid escape stays as it is. The output is never longer than the
/// input. Source: RFC 3986 section 2.1, WHATWG URL "application/x-www-form-urlencoded".
/// </summary>
public static class PercentDecoder
{
    private static readonly SearchValues<byte> FormMarks = SearchValues.Create("%+"u8);

    /// <summary>True when decoding would change something.</summary>
    public static bool IsEncoded(ReadOnlySpan<byte> input, bool plusIsSpace) =>
        plusIsSpace ? input.ContainsAny(FormMarks) : input.Contains((byte)'%');

    /// <summary>Decodes once; returns the bytes written and the facts met on the way.</summary>
    public static int Decode(ReadOnlySpan<byte> input, Span<byte> output, bool plusIsSpace, ref Anomalies anomalies)
    {
        var written = 0;
        while (true)
        {
            var next = plusIsSpace ? input.IndexOfAny(FormMarks) : input.IndexOf((byte)'%');
            if (next < 0)
            {
                input.CopyTo(output[written..]);
                return written + input.Length;
            }

            input[..next].CopyTo(output[written..]);
            written += next;
            if (input[next] == '+')
            {
                output[written++] = (byte)' ';
                input = input[(next + 1)..];
                continue;
            }

            if (TryReadHex(input[next..], out var value))
            {
                output[written++] = value;
                input = input[(next + 3)..];
                continue;
            }

            anomalies |= IsUnicodeEscape(input[next..]) ? Anomalies.UnicodePercent : Anomalies.MalformedPercent;
            output[written++] = (byte)'%';
            input = input[(next + 1)..];
        }
    }

    /// <summary>True when an already decoded value still holds a valid escape.</summary>
    public static bool HoldsEscape(ReadOnlySpan<byte> decoded)
    {
        while (true)
        {
            var next = decoded.IndexOf((byte)'%');
            if (next < 0) return false;
            if (TryReadHex(decoded[next..], out _) || IsUnicodeEscape(decoded[next..])) return true;
            decoded = decoded[(next + 1)..];
        }
    }

    /// <summary>The value of a hexadecimal digit, or -1.</summary>
    public static int HexValue(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private static bool TryReadHex(ReadOnlySpan<byte> escape, out byte value)
    {
        value = 0;
        if (escape.Length < 3) return false;
        var high = HexValue(escape[1]);
        var low = HexValue(escape[2]);
        if ((high | low) < 0) return false;
        value = (byte)(high << 4 | low);
        return true;
    }

    private static bool IsUnicodeEscape(ReadOnlySpan<byte> escape)
    {
        if (escape.Length < 6 || (escape[1] | 0x20) != 'u') return false;
        for (var i = 2; i < 6; i++)
        {
            if (HexValue(escape[i]) < 0) return false;
        }

        return true;
    }
}
