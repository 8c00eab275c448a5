using System.Text;

namespace WafOperator.Cli.Output;

/// <summary>
/// Texts of others (paths, excerpts, messages of objects) as a terminal may show them: what could move the cursor or
/// change colours is written as an escape.
/// </summary>
internal static class PlainText
{
    /// <summary>The text on one line, at most so many characters.</summary>
    public static string Of(string? text, int lengthMax = 400)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var result = new StringBuilder(Math.Min(text.Length, lengthMax));
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length >= lengthMax) return result.Append('…').ToString();
            if (rune.Value is '\n' or '\t') result.Append(' ');
            else if (Rune.IsControl(rune) || IsInvisible(rune)) result.Append($"\\u{rune.Value:x4}");
            else result.Append(rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>Marks of direction and the like, which would show a text as another one.</summary>
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format
            or System.Globalization.UnicodeCategory.LineSeparator
            or System.Globalization.UnicodeCategory.ParagraphSeparator;
}
