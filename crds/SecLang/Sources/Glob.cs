namespace WafOperator.SecLang;

/// <summary>
/// Shell patterns of <c>Include</c>: <c>*</c> and <c>?</c> within one path segment, <c>[a-z]</c>. Linear in pattern ×
/// name.
/// </summary>
internal static class Glob
{
    public static bool IsPattern(string path) => path.AsSpan().IndexOfAny("*?[") >= 0;

    public static bool IsMatch(string pattern, string name)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && MatchesOne(pattern, p, name[n], out var next))
            {
                p = next;
                n++;
            }
            else if (star >= 0 && name[mark] != '/')
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }

    private static bool MatchesOne(string pattern, int at, char c, out int next)
    {
        next = at + 1;
        if (pattern[at] == '?')
        {
            return c != '/';
        }

        var close = pattern[at] == '[' ? pattern.IndexOf(']', at + 1) : -1;
        if (close < 0)
        {
            return pattern[at] == c;
        }

        next = close + 1;
        var set = pattern.AsSpan(at + 1, close - at - 1);
        var negated = set.Length > 0 && set[0] is ('!' or '^');
        if (negated)
        {
            set = set[1..];
        }

        var found = false;
        for (var i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= c == set[i];
            }
        }

        return found != negated && c != '/';
    }
}
