namespace WafOperator.Engine.Transformations;

/// <summary>t:base64Decode: decodes up to the first byte that is not of the alphabet (RFC 4648 section 4).</summary>
internal sealed class Base64Decode() : Transformation("base64Decode")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var bits = 0;
        var count = 0;
        var written = 0;
        foreach (var value in input)
        {
            var digit = Base64.DigitOf(value);
            if (digit < 0) break;
            bits = bits << 6 | digit;
            if (++count % 4 == 1) continue;
            output[written++] = (byte)(bits >> (6 - (count - 1) % 4 * 2));
        }

        return Finish(input, output, written);
    }
}

/// <summary>
/// t:base64DecodeExt: decodes as forgiving readers do: bytes outside the alphabet are skipped, both alphabets are read,
/// padding in the middle is allowed where a group could end.
/// </summary>
internal sealed class Base64DecodeExt() : Transformation("base64DecodeExt")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var bits = 0;
        var count = 0;
        var written = 0;
        for (var i = 0; i < input.Length; i++)
        {
            if (input[i] == '=')
            {
                var next = i + 1 < input.Length ? input[i + 1] : (byte)0;
                if (next != '=' && count % 4 == 1) return Finish(input, output, 0);
                continue;
            }

            var digit = Base64.ForgivingDigitOf(input[i]);
            if (digit < 0) continue;
            bits = bits << 6 | digit;
            if (++count % 4 == 1) continue;
            output[written++] = (byte)(bits >> (6 - (count - 1) % 4 * 2));
        }

        return Finish(input, output, written);
    }
}

/// <summary>t:base64Encode (RFC 4648 section 4, with padding).</summary>
internal sealed class Base64Encode() : Transformation("base64Encode")
{
    public override int OutputMax(int inputLength) => checked((inputLength + 2) / 3 * 4);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.IsEmpty) return Unchanged;
        System.Buffers.Text.Base64.EncodeToUtf8(input, output, out _, out var written);
        return written;
    }
}

/// <summary>Digits of the base64 alphabets.</summary>
internal static class Base64
{
    public static int DigitOf(byte value) => value switch
    {
        >= (byte)'A' and <= (byte)'Z' => value - 'A',
        >= (byte)'a' and <= (byte)'z' => value - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => value - '0' + 52,
        (byte)'+' => 62,
        (byte)'/' => 63,
        _ => -1,
    };

    public static int ForgivingDigitOf(byte value) => value switch
    {
        (byte)'-' => 62,
        (byte)'_' => 63,
        _ => DigitOf(value),
    };
}
