using System.Globalization;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Order of semantic versions (semver.org, section 11): numbers by value, a pre-release before its release.
/// </summary>
public sealed class SemanticVersionOrder : IComparer<string>
{
    public static SemanticVersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return string.CompareOrdinal(x, y);
        var (left, leftPre) = Split(x);
        var (right, rightPre) = Split(y);
        for (var i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            var order = CompareIdentifier(left.ElementAtOrDefault(i) ?? "0", right.ElementAtOrDefault(i) ?? "0");
            if (order != 0) return order;
        }
        if (leftPre.Length == 0 || rightPre.Length == 0) return rightPre.Length.CompareTo(leftPre.Length);
        for (var i = 0; i < Math.Min(leftPre.Length, rightPre.Length); i++)
        {
            var order = CompareIdentifier(leftPre[i], rightPre[i]);
            if (order != 0) return order;
        }
        return leftPre.Length.CompareTo(rightPre.Length);
    }

    private static (string[] Numbers, string[] PreRelease) Split(string version)
    {
        var dash = version.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? (version.Split('.'), []) : (version[..dash].Split('.'), version[(dash + 1)..].Split('.'));
    }

    private static int CompareIdentifier(string x, string y)
    {
        var left = long.TryParse(x, NumberStyles.None, CultureInfo.InvariantCulture, out var a);
        var right = long.TryParse(y, NumberStyles.None, CultureInfo.InvariantCulture, out var b);
        if (left && right) return a.CompareTo(b);
        return left != right ? (left ? -1 : 1) : Math.Sign(string.CompareOrdinal(x, y));
    }
}
