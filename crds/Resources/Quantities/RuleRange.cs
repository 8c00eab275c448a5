using System.Globalization;

namespace WafOperator.Resources.Quantities;

/// <summary>A rule id or a range of ids, both ends included.</summary>
public readonly record struct RuleRange(long First, long Last)
{
    /// <summary>Reads <c>942100</c> or <c>942100-942199</c>; false for anything else and for a falling range.</summary>
    public static bool TryParse(string text, out RuleRange range)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? text.AsSpan() : text.AsSpan(0, dash);
        var last = dash < 0 ? first : text.AsSpan(dash + 1);
        var valid = long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            & long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to);
        range = new(from, to);
        return valid && from <= to;
    }

    public bool Contains(long id) => id >= First && id <= Last;

    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
