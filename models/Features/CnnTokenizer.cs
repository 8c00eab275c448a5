namespace WafOperator.Features;

/// <summary>Windows of a value and their tokens for the convolutional networks (models/training/wafml/features.py).</summary>
public static class CnnTokenizer
{
    public const int WindowBytes = 240;
    public const int WindowStride = 160;
    public const int Pad = 0;
    public const int Begin = 1;
    public const int End = 2;
    public const int ByteBase = 3;
    public const int FlagBase = ByteBase + 256;
    public const int Vocabulary = FlagBase + ValueNormalizer.FlagCount;

    /// <summary>Tokens of the longest window.</summary>
    public const int TokensMax = 256;

    /// <summary>How many windows a value of this length has.</summary>
    public static int WindowCount(int length) =>
        length <= WindowBytes ? 1 : (length - WindowBytes + WindowStride - 1) / WindowStride + 1;

    /// <summary>The bounds of a window; the last one is the value's tail.</summary>
    public static Range Window(int length, int index)
    {
        if (length <= WindowBytes)
        {
            return ..length;
        }

        var start = Math.Min(index * WindowStride, length - WindowBytes);
        return start..(start + WindowBytes);
    }

    /// <summary>
    /// Writes begin, one token a flag, the bytes, end, and padding to the next length bucket into
    /// <paramref name="tokens"/> (<see cref="TokensMax"/> long). Returns the padded length.
    /// </summary>
    public static int Tokenize(ReadOnlySpan<byte> window, ValueFlags flags, Span<int> tokens)
    {
        var count = 0;
        tokens[count++] = Begin;
        for (var flag = 0; flag < ValueNormalizer.FlagCount; flag++)
        {
            if (((int)flags >> flag & 1) != 0)
            {
                tokens[count++] = FlagBase + flag;
            }
        }

        var bytes = window[..Math.Min(window.Length, TokensMax - count - 1)];
        foreach (var b in bytes)
        {
            tokens[count++] = ByteBase + b;
        }

        tokens[count++] = End;
        var length = PaddedLength(count);
        tokens[count..length].Clear();
        return length;
    }

    /// <summary>Few distinct lengths, so that training and the server batch equal shapes and padding is part of the input.</summary>
    private static int PaddedLength(int count) => count switch
    {
        <= 16 => 16,
        <= 32 => 32,
        <= 48 => 48,
        <= 64 => 64,
        <= 96 => 96,
        <= 128 => 128,
        <= 192 => 192,
        _ => TokensMax,
    };
}
