using System.Globalization;

namespace WafOperator.Resources.Quantities;

/// <summary>Quantities of bytes as Kubernetes writes them: <c>512</c>, <c>128Ki</c>, <c>1Mi</c>, <c>1M</c>.</summary>
public static class ByteQuantity
{
    private static readonly (string Suffix, long Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000),
            ("", 1),
    ];

    /// <summary>Reads a quantity in bytes; false when the text is not one or does not fit 63 bits.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        foreach (var (suffix, factor) in Suffixes)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal)) continue;
            var digits = text.AsSpan(0, text.Length - suffix.Length);
            if (digits.Length is < 1 or > 12) return false;
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
            if (number > long.MaxValue / factor) return false;
            bytes = number * factor;
            return true;
        }
        return false;
    }

    /// <summary>Reads a quantity that was validated before. Throws <see cref="FormatException"/> otherwise.</summary>
    public static long Parse(string text) => TryParse(text, out var bytes)
        ? bytes
        : throw new FormatException($"\"{text}\" is not a quantity of bytes such as 128Ki or 1Mi");
}
