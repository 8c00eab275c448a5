using System.Text;

namespace WafOperator.Http.Bodies;

/// <summary>UTF-7 (RFC 2152), read as forgiving as browsers once did: what does not decode stays.</summary>
internal static class Utf7
{
    public static Slice ToUtf8(CanonicalRequest request, Slice value)
    {
        var input = request[value];
        if (!input.Contains((byte)'+')) return value;
        if (!request.Arena.TryReserve(checked(input.Length * 2 + 4))) { request.NoMemory(); return value; }
        var output = request.Arena.Tail;
        var written = 0;
        var i = 0;
        while (i < input.Length)
        {
            if (input[i] != '+')
            {
                output[written++] = input[i++];
                continue;
            }

            i++;
            if (i < input.Length && input[i] == '-')
            {
                output[written++] = (byte)'+';
                i++;
                continue;
            }

            written += DecodeRun(input, ref i, output[written..]);
            if (i < input.Length && input[i] == '-') i++;
        }

        return request.Arena.Commit(written);
    }

    /// <summary>Base64 digits of UTF-16 units: eight digits give at most three units, so at most nine bytes.</summary>
    private static int DecodeRun(ReadOnlySpan<byte> input, ref int i, Span<byte> output)
    {
        var written = 0;
        var bits = 0;
        var count = 0;
        var high = '\0';
        while (i < input.Length && DigitOf(input[i]) is >= 0 and var digit)
        {
            i++;
            bits = (bits << 6 | digit) & 0x3fffff;
            count += 6;
            if (count < 16) continue;
            count -= 16;
            var unit = (char)(bits >> count & 0xffff);
            if (char.IsHighSurrogate(unit))
            {
                high = unit;
                continue;
            }

            var rune = char.IsLowSurrogate(unit) && high != 0 ? new Rune(high, unit)
                : Rune.TryCreate(unit, out var valid) ? valid : Rune.ReplacementChar;
            high = '\0';
            written += rune.EncodeToUtf8(output[written..]);
        }

        return written;
    }

    private static int DigitOf(byte value) => value switch
    {
        >= (byte)'A' and <= (byte)'Z' => value - 'A',
        >= (byte)'a' and <= (byte)'z' => value - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => value - '0' + 52,
        (byte)'+' => 62,
        (byte)'/' => 63,
        _ => -1,
    };
}
