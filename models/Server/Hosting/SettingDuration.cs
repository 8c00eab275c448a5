using System.Globalization;

namespace WafOperator.Models.Server.Hosting;

/// <summary>
/// Durations as manifests write them: whole numbers with us, ms, s, m or h, such as <c>1m30s</c>. Pure.
/// </summary>
internal static class SettingDuration
{
    private static readonly (string Unit, double Microseconds)[] Units =
        [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text.IsEmpty) return false;
        var total = 0.0;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 9) return false;
            var number = int.Parse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            text = text[digits..];
            var end = text.IndexOfAnyInRange('0', '9');
            var unit = end < 0 ? text : text[..end];
            if (!TryUnit(unit, out var microseconds)) return false;
            total += number * microseconds;
            text = text[unit.Length..];
        }

        if (total > TimeSpan.FromDays(365).TotalMicroseconds) return false;
        value = TimeSpan.FromMicroseconds(total);
        return true;
    }

    private static bool TryUnit(ReadOnlySpan<char> text, out double microseconds)
    {
        microseconds = 0;
        foreach (var (unit, length) in Units)
        {
            if (text.SequenceEqual(unit)) microseconds = length;
        }

        return microseconds > 0;
    }
}
