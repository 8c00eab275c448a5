using System.Text.Unicode;

namespace WafOperator.Http.Decoding;

/// <summary>Tells text from other bytes by its letters. Pure.</summary>
public static class TextBytes
{
    /// <summary>Fewer letters than this harm nobody.</summary>
    public const int LettersMin = 4;

    /// <summary>UTF-8 without control bytes other than white space.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> bytes) =>
        IsText(bytes, out var isClean) && isClean && Utf8.IsValid(bytes);

    /// <summary>
    /// Whether bytes are worth being looked at as text, and whether they hold control bytes other than white space:
    /// what parts words for whoever reads a text may be the length of a field as well.
    /// </summary>
    public static bool IsText(ReadOnlySpan<byte> bytes, out bool isClean)
    {
        int letters = 0, controls = 0;
        foreach (var value in bytes)
        {
            if (value is >= 0x20 and < 0x7F or >= 0x09 and <= 0x0D) letters++;
            else if (value < 0x80) controls++;
        }

        isClean = controls == 0;
        var isUtf8 = Utf8.IsValid(bytes);
        if (isUtf8 && isClean) return bytes.Length > 0;
        if (letters < LettersMin) return false;
        // A text with bytes of another charset, or with a few that are none, is a text to whoever ignores them.
        return isUtf8 || letters >= 3 * (bytes.Length - letters);
    }
}
