namespace WafOperator.Http.Decoding;

/// <summary>
/// Base64 as the most forgiving readers take it (PHP, Python, Node): both alphabets, other bytes are stepped over, a
/// sign of padding ends a group. Pure; never throws.
/// </summary>
internal static class LenientBase64
{
    /// <summary>Decodes into the output, which has room for three bytes of each four; how many were written.</summary>
    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var (written, bits, held) = (0, 0, 0);
        foreach (var value in text)
        {
            var digit = Digit(value);
            if (digit < 0)
            {
                if (value == '=') held = 0;
                continue;
            }

            bits = (bits << 6 | digit) & 0xffff;
            held += 6;
            if (held < 8) continue;
            held -= 8;
            output[written++] = (byte)(bits >> held);
        }

        return written;
    }

    private static int Digit(byte value) => value switch
    {
        >= (byte)'A' and <= (byte)'Z' => value - 'A',
        >= (byte)'a' and <= (byte)'z' => value - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => value - '0' + 52,
        (byte)'+' or (byte)'-' => 62,
        (byte)'/' or (byte)'_' => 63,
        _ => -1,
    };
}
