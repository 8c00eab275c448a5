namespace WafOperator.Protocols.Models;

/// <summary>
/// Order of semantic versions (semver.org, section 11): numbers by value, a pre-release before its release, identifiers
/// between dots one by one; what follows a plus does not count. Parts that are left out are 0.
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
        var plain = version.Split('+')[0];
        var dash = plain.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? (plain.Split('.'), []) : (plain[..dash].Split('.'), plain[(dash + 1)..].Split('.'));
    }

    /// <summary>Numbers come before words; numbers of any length by value.</summary>
    private static int CompareIdentifier(string x, string y)
    {
        var (left, right) = (IsNumber(x), IsNumber(y));
        if (left != right) return left ? -1 : 1;
        if (!left) return Math.Sign(string.CompareOrdinal(x, y));
        var (a, b) = (x.TrimStart('0'), y.TrimStart('0'));
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : Math.Sign(string.CompareOrdinal(a, b));
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}
