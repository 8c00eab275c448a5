using System.Globalization;
using System.Text;

namespace WafOperator.Engine.Operators;

/// <summary>
/// Reads a phrase of <c>@pm</c>: bytes may be written as hexadecimal numbers between bars (<c>a|0d 0a|b</c>), as in
/// Snort.
/// </summary>
internal static class PhraseSyntax
{
    public static byte[] Read(string phrase)
    {
        var parts = phrase.Split('|');
        if (parts.Length < 3 || parts.Length % 2 == 0)
        {
            return Encoding.Latin1.GetBytes(phrase);
        }

        var bytes = new List<byte>();
        for (var i = 0; i < parts.Length; i++)
        {
            if (i % 2 == 0)
            {
                bytes.AddRange(Encoding.Latin1.GetBytes(parts[i]));
            }
            else if (!TryHex(parts[i], bytes))
            {
                return Encoding.Latin1.GetBytes(phrase);
            }
        }

        return [.. bytes];
    }

    private static bool TryHex(string text, List<byte> into)
    {
        foreach (var pair in text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Length != 2 || !byte.TryParse(pair, NumberStyles.HexNumber, CultureInfo.InvariantCulture,
                out var value))
            {
                return false;
            }

            into.Add(value);
        }

        return true;
    }
}
