namespace WafOperator.Resources.Schema;

/// <summary>Finds what a person probably meant: the known name with the smallest edit distance.</summary>
public static class NearestName
{
    private const int NameLengthMax = 64;

    /// <summary>
    /// The nearest of the known names, or null when none is near (more than a third of the letters differ).
    /// </summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        if (name.Length > NameLengthMax) return null;
        string? best = null;
        var bestDistance = Math.Max(2, name.Length / 3) + 1;
        foreach (var candidate in known)
        {
            if (candidate.Length > NameLengthMax) continue;
            var distance = Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance >= bestDistance || distance >= candidate.Length) continue;
            bestDistance = distance;
            best = candidate;
        }
        return best;
    }

    /// <summary>
    /// Edits (insert, remove, replace, swap of neighbours) between two names; optimal string alignment.
    /// </summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var value = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    value = Math.Min(value, rows[i - 2, j - 2] + 1);
                rows[i, j] = value;
            }
        }
        return rows[a.Length, b.Length];
    }
}
