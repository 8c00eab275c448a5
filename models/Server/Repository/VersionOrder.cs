using System.Globalization;

namespace WafOperator.Models.Server.Repository;

/// <summary>Order of versions: numbers between dots as numbers, a pre-release before its release.</summary>
internal sealed class VersionOrder : IComparer<string>
{
    public static VersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, leftRest) = Split(x ?? "");
        var (right, rightRest) = Split(y ?? "");
        for (var i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            var order = Part(left, i).CompareTo(Part(right, i));
            if (order != 0) return order;
        }

        if (leftRest.Length == 0 || rightRest.Length == 0) return rightRest.Length.CompareTo(leftRest.Length);
        return string.CompareOrdinal(leftRest, rightRest);
    }

    private static (string[] Numbers, string Suffix) Split(string version)
    {
        var plain = version.Split('+')[0];
        var dash = plain.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? (plain.Split('.'), "") : (plain[..dash].Split('.'), plain[(dash + 1)..]);
    }

    private static long Part(string[] parts, int index) =>
        index < parts.Length
            && long.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
