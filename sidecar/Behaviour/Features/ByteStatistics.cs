namespace WafOperator.Behaviour.Features;

/// <summary>Kinds of bytes in a text, and how evenly its bytes are spread.</summary>
public readonly record struct ByteStatistics
{
    /// <summary>Bytes of a text that are looked at.</summary>
    public const int BytesMax = 4096;

    public int Bytes { get; private init; }
    public int Digits { get; private init; }
    public int Letters { get; private init; }
    public int Uppers { get; private init; }
    public int Highs { get; private init; }

    /// <summary>Percent signs with two hexadecimal digits.</summary>
    public int Escapes { get; private init; }

    /// <summary>Shannon entropy of the bytes, bits a byte.</summary>
    public double Entropy { get; private init; }

    public double DigitShare => Share(Digits);
    public double LetterShare => Share(Letters);
    public double UpperShare => Share(Uppers);
    public double HighShare => Share(Highs);

    /// <summary>Neither letters nor digits.</summary>
    public double SpecialShare => Share(Bytes - Digits - Letters);

    public static ByteStatistics Of(ReadOnlySpan<byte> text)
    {
        if (text.Length > BytesMax) text = text[..BytesMax];
        Span<ushort> counts = stackalloc ushort[256];
        counts.Clear();
        int digits = 0, letters = 0, uppers = 0, highs = 0, escapes = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            counts[b]++;
            if (char.IsAsciiDigit((char)b)) digits++;
            else if (char.IsAsciiLetter((char)b)) letters++;
            if (char.IsAsciiLetterUpper((char)b)) uppers++;
            if (b >= 0x80) highs++;
            if (b == '%' && i + 2 < text.Length && char.IsAsciiHexDigit((char)text[i + 1])
                && char.IsAsciiHexDigit((char)text[i + 2])) escapes++;
        }

        return new ByteStatistics
        {
            Bytes = text.Length, Digits = digits, Letters = letters, Uppers = uppers, Highs = highs, Escapes = escapes,
            Entropy = EntropyOf(counts, text.Length),
        };
    }

    /// <summary>Entropy of a distribution, bits.</summary>
    public static double EntropyOf(ReadOnlySpan<ushort> counts, int total)
    {
        if (total == 0) return 0;
        double sum = 0;
        foreach (var count in counts)
        {
            if (count == 0) continue;
            var share = count / (double)total;
            sum -= share * Math.Log2(share);
        }

        return sum;
    }

    private double Share(int count) => Bytes == 0 ? 0 : count / (double)Bytes;
}
