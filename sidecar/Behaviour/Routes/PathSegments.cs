namespace WafOperator.Behaviour.Routes;

/// <summary>What a segment of a path is.</summary>
public enum SegmentKind
{
    /// <summary>A word of the application.</summary>
    Word,

    /// <summary>Digits only.</summary>
    Number,

    /// <summary>Hexadecimal digits and dashes, eight or more and with a digit: hashes, UUIDs.</summary>
    Hex,

    /// <summary>Letters and digits mixed so that no word is left: tokens, slugs with numbers at length.</summary>
    Token,
}

/// <summary>Tells names of an application from identifiers in its paths. Pure.</summary>
public static class PathSegments
{
    private const int HexBytesMin = 8;
    private const int TokenBytesMin = 16;

    /// <summary>Segments longer than this are no name of a route.</summary>
    private const int WordBytesMax = 40;

    public static SegmentKind KindOf(ReadOnlySpan<byte> segment)
    {
        int digits = 0, hexLetters = 0, letters = 0, dashes = 0, changes = 0;
        var wasDigit = false;
        for (var i = 0; i < segment.Length; i++)
        {
            var b = segment[i];
            var isDigit = b is >= (byte)'0' and <= (byte)'9';
            if (isDigit) digits++;
            else if ((b | 0x20) is >= 'a' and <= 'f') hexLetters++;
            else if ((b | 0x20) is >= 'g' and <= 'z') letters++;
            else if (b == '-') dashes++;
            if (i > 0 && isDigit != wasDigit) changes++;
            wasDigit = isDigit;
        }

        if (digits > 0 && digits + dashes == segment.Length) return SegmentKind.Number;
        if (segment.Length >= HexBytesMin && digits > 0 && digits + hexLetters + dashes == segment.Length)
            return SegmentKind.Hex;
        if (segment.Length > WordBytesMax) return SegmentKind.Token;
        return segment.Length >= TokenBytesMin && digits >= 2 && changes >= 4 ? SegmentKind.Token : SegmentKind.Word;
    }

    /// <summary>The text that stands for identifiers of a kind.</summary>
    public static ReadOnlySpan<byte> PlaceholderOf(SegmentKind kind) => kind switch
    {
        SegmentKind.Number => "{number}"u8,
        SegmentKind.Hex => "{hex}"u8,
        SegmentKind.Token => "{token}"u8,
        _ => default,
    };
}
