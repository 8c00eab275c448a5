using System.Globalization;
using System.Text;

namespace WafOperator.Resources.Quantities;

/// <summary>
/// Durations as Go writes them, in whole numbers: <c>250us</c>, <c>5ms</c>, <c>1m30s</c>. Resolution: one microsecond;
/// largest: 10 years.
/// </summary>
public static class DurationText
{
    /// <summary>Largest duration that is read.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(3650);

    /// <summary>Reads a duration; false when the text is not one or is over <see cref="Max"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text.IsEmpty) return false;
        var total = 0.0m;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 9) return false;
            var number = long.Parse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            text = text[digits..];
            if (UnitOf(text, out var length) is not { } microseconds) return false;
            text = text[length..];
            total += (decimal)number * microseconds;
            if (total > (decimal)Max.TotalMicroseconds) return false;
        }
        value = TimeSpan.FromTicks((long)total * TimeSpan.TicksPerMicrosecond);
        return true;
    }

    /// <summary>Reads a duration that was validated before. Throws <see cref="FormatException"/> otherwise.</summary>
    public static TimeSpan Parse(string text) => TryParse(text, out var value)
        ? value
        : throw new FormatException($"\"{text}\" is not a duration such as 250us, 5ms or 1m30s of at most 10 years");

    /// <summary>Writes a duration so that it reads back equal (to the microsecond).</summary>
    public static string Format(TimeSpan value)
    {
        var rest = value.Ticks / TimeSpan.TicksPerMicrosecond;
        if (rest <= 0) return "0s";
        var text = new StringBuilder();
        foreach (var (unit, microseconds) in Units)
        {
            if (rest < microseconds) continue;
            text.Append(CultureInfo.InvariantCulture, $"{rest / microseconds}{unit}");
            rest %= microseconds;
        }
        return text.ToString();
    }

    private static readonly (string Unit, long Microseconds)[] Units =
        [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

    private static long? UnitOf(ReadOnlySpan<char> text, out int length)
    {
        length = text.IndexOfAnyInRange('0', '9') is var next && next < 0 ? text.Length : next;
        foreach (var (unit, microseconds) in Units)
            if (text[..length].SequenceEqual(unit)) return microseconds;
        return null;
    }
}
