using System.Buffers;

namespace WafOperator.Features;

/// <summary>
/// First bytes of serialised objects of Java, .NET and Python: applications that read these from requests run what is
/// in them, and the rest of such a value is letters and digits. Case counts, so this is asked before values become
/// lower case.
/// </summary>
public static class SerializedObjects
{
    /// <summary>Bytes that end a name or a path segment; an object begins behind one or at the value's start.</summary>
    private static readonly SearchValues<byte> Boundaries = SearchValues.Create("/=\"' ,:;&[({"u8);

    /// <summary>One begins at the start of a text or behind a byte that ends a name or segment.</summary>
    public static bool BeginIn(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            if (Begins(text)) return true;
            var next = text.IndexOfAny(Boundaries);
            if (next < 0) return false;
            text = text[(next + 1)..];
        }
    }

    private static bool Begins(ReadOnlySpan<byte> text)
    {
        if (text.Length < 3) return false;
        return text[0] switch
        {
            (byte)'r' => text.StartsWith("rO0AB"u8),
            (byte)'a' => text.StartsWith("aced0005"u8),
            (byte)'A' => text.StartsWith("ACED0005"u8) || text.StartsWith("AAEAAAD/////"u8)
                || text.StartsWith("AAEAAAD_____"u8),
            (byte)'K' => text.StartsWith("KztAAU"u8),
            (byte)'C' => text.StartsWith("Cs7QAF"u8),
            (byte)'g' => text.StartsWith("gASV"u8) || text.StartsWith("gAWV"u8) || IsOldPickle(text),
            (byte)'/' => text.Length > 3 && text.StartsWith("/wE"u8) && text[3] is (byte)'x' or (byte)'y',
            0xac => text[1] == 0xed && text[2] == 0x05,
            _ => false,
        };
    }

    /// <summary>Protocols 2 and 3, whose first operation is a dictionary, a list or a global.</summary>
    private static bool IsOldPickle(ReadOnlySpan<byte> text) =>
        text.Length > 3 && (text.StartsWith("gAJ"u8) || text.StartsWith("gAN"u8))
        && text[3] is (byte)'9' or (byte)'c' or (byte)'d' or (byte)'j';
}
