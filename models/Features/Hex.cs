namespace WafOperator.Features;

/// <summary>Hexadecimal digits out of bytes.</summary>
internal static class Hex
{
    /// <summary>The value of a span that is all digits, or -1.</summary>
    public static int Fixed(ReadOnlySpan<byte> text)
    {
        var value = 0;
        foreach (var b in text)
        {
            var digit = Digit(b);
            if (digit < 0)
            {
                return -1;
            }

            value = value << 4 | digit;
        }

        return value;
    }

    /// <summary>How many digits the text starts with (at most <paramref name="digitsMax"/>) and their value.</summary>
    public static int Prefix(ReadOnlySpan<byte> text, int digitsMax, out int value)
    {
        value = 0;
        var count = 0;
        while (count < text.Length && count < digitsMax && Digit(text[count]) is var digit and >= 0)
        {
            value = value << 4 | digit;
            count++;
        }

        return count;
    }

    private static int Digit(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
