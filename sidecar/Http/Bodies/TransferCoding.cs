using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Content-Transfer-Encoding of a part (RFC 2045 section 6). 7bit, 8bit and binary change nothing; base64 and
/// quoted-printable are deprecated in forms (RFC 7578 section 4.7), but some servers undo them.
/// </summary>
internal static class TransferCoding
{
    /// <summary>The content with its coding undone; the same slice where there is none.</summary>
    public static Slice Undo(CanonicalRequest request, Slice coding, Slice content)
    {
        if (coding.IsEmpty || content.IsEmpty) return content;
        var name = request[coding].TrimStart(" \t"u8);
        var end = name.IndexOfAny(" \t;,"u8);
        if (end >= 0) name = name[..end];
        var isBase64 = HeadReader.EqualsIgnoreCase(name, "base64"u8);
        if (!isBase64 && !HeadReader.EqualsIgnoreCase(name, "quoted-printable"u8))
        {
            if (!IsPlain(name)) request.Note(UnreadContent.Coding, content.Length);
            return content;
        }

        if (!request.Arena.TryReserve(content.Length)) { request.NoMemory(); return content; }
        var input = request[content];
        var output = request.Arena.Tail;
        return request.Arena.Commit(isBase64 ? DecodeBase64(input, output) : DecodeQuotedPrintable(input, output));
    }

    private static bool IsPlain(ReadOnlySpan<byte> name) =>
        name.IsEmpty || HeadReader.EqualsIgnoreCase(name, "7bit"u8) || HeadReader.EqualsIgnoreCase(name, "8bit"u8)
        || HeadReader.EqualsIgnoreCase(name, "binary"u8);

    /// <summary>Returns the bytes written, never more than the input has. What is no escape stays.</summary>
    public static int DecodeQuotedPrintable(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var written = 0;
        for (var i = 0; i < input.Length; i++)
        {
            if (input[i] != '=')
            {
                output[written++] = input[i];
                continue;
            }

            var rest = input[(i + 1)..];
            if (rest.StartsWith("\r\n"u8)) { i += 2; continue; }
            if (rest.StartsWith("\n"u8)) { i++; continue; }
            var high = rest.Length < 2 ? -1 : PercentDecoder.HexValue(rest[0]);
            var low = rest.Length < 2 ? -1 : PercentDecoder.HexValue(rest[1]);
            if ((high | low) < 0)
            {
                output[written++] = input[i];
                continue;
            }

            output[written++] = (byte)(high << 4 | low);
            i += 2;
        }

        return written;
    }

    /// <summary>
    /// Base64 that was padded in several places, as whoever encodes a stream piece by piece writes it: each padding
    /// ends a group. Both alphabets. Returns the bytes written, never more than the input has.
    /// </summary>
    public static int DecodeGroups(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var written = 0;
        while (!input.IsEmpty)
        {
            var end = input.IndexOf((byte)'=');
            written += DecodeBase64(end < 0 ? input : input[..end], output[written..], isOfWeb: true);
            input = end < 0 ? default : input[(end + 1)..];
        }

        return written;
    }

    /// <summary>
    /// Forgiving, as decoders of mail are: bytes outside the alphabet are passed over, and so is padding that closes
    /// nothing, as Python does. Where it closes a group, some decoders stop and some go on: this goes on.
    /// </summary>
    private static int DecodeBase64(ReadOnlySpan<byte> input, Span<byte> output, bool isOfWeb = false)
    {
        int written = 0, bits = 0, count = 0, digits = 0, padding = 0;
        foreach (var value in input)
        {
            var digit = isOfWeb && value is (byte)'-' or (byte)'_' ? value == '-' ? 62 : 63 : DigitOf(value);
            if (value == '=' && digits >= 2 && digits + ++padding >= 4) bits = count = digits = padding = 0;
            if (digit < 0) continue;
            (digits, padding) = ((digits + 1) & 3, 0);
            bits = (bits << 6 | digit) & 0xffffff;
            count += 6;
            if (count < 8) continue;
            count -= 8;
            output[written++] = (byte)(bits >> count);
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
