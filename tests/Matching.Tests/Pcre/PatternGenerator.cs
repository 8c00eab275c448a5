using System.Text;

namespace WafOperator.Matching.Tests.Pcre;

/// <summary>Random patterns of the dialect over a small alphabet, so that random inputs have a chance to
/// match.</summary>
internal sealed class PatternGenerator(Random random)
{
    private static readonly string[] s_atoms =
    [
        "a", "b", "c", "ab", "abc", "x", "1", "_", " ", "\\n", "\\x61", "\\.", "\\/", "-", "\\142", "\\x{63}",
        ".", "\\d", "\\w", "\\s", "\\W", "\\S", "\\D", "\\N", "\\h", "\\R",
        "[ab]", "[^a]", "[a-c]", "[^\\s]", "[\\w-]", "[[:alpha:]]", "[^[:digit:]_]", "[]a]", "[a\\]b]", "[.b-]",
    ];

    private static readonly string[] s_assertions =
        ["^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\G", "(?i)", "(?-i)", "(?s)", "(?m)", "(?-m)", "(?-s)"];

    private static readonly string[] s_quantifiers =
        ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "{1,2}?", "{2,}?",
            "*+", "++", "?+", "{1,3}+"];

    private int _groups;

    /// <summary>Whether lookarounds, back references, atomic groups and `\K` may occur.</summary>
    public bool Advanced { get; init; } = true;

    /// <summary>In how many of a hundred places nothing stands: empty alternatives under repeats.</summary>
    public int PercentEmpty { get; init; } = 8;

    public string Next()
    {
        _groups = 0;
        return Choice(random.Next(1, 4));
    }

    private string Choice(int depth)
    {
        var text = Sequence(depth);
        while (random.Next(4) == 0) text += "|" + Sequence(depth);
        return text;
    }

    private string Sequence(int depth)
    {
        var text = new StringBuilder();
        if (random.Next(100) < PercentEmpty) return "";
        for (var count = random.Next(1, 5); count > 0; count--)
        {
            if (random.Next(8) == 0) text.Append(s_assertions[random.Next(s_assertions.Length)]);
            else text.Append(Atom(depth)).Append(Quantifier());
        }

        return text.ToString();
    }

    private string Quantifier()
    {
        if (random.Next(3) != 0) return "";
        return s_quantifiers[random.Next(Advanced ? s_quantifiers.Length : s_quantifiers.Length - 4)];
    }

    private string Atom(int depth)
    {
        if (depth == 0 || random.Next(3) != 0) return s_atoms[random.Next(s_atoms.Length)];
        switch (random.Next(Advanced ? 10 : 4))
        {
            case 0 or 1:
                _groups++;
                return "(" + Choice(depth - 1) + ")";
            case 2: return "(?:" + Choice(depth - 1) + ")";
            case 3: return "(?i:" + Choice(depth - 1) + ")";
            case 4: return "(?>" + Choice(depth - 1) + ")";
            case 5: return "(?=" + Choice(depth - 1) + ")";
            case 6: return "(?!" + Choice(depth - 1) + ")";
            case 7: return (random.Next(2) == 0 ? "(?<=" : "(?<!") + Behind() + ")";
            case 8 when _groups > 0: return "\\" + random.Next(1, _groups + 1);
            case 9 when random.Next(4) == 0: return "\\K";
            default: return "(?:" + Choice(depth - 1) + ")";
        }
    }

    private string Behind() => string.Concat(Enumerable.Range(0, random.Next(1, 3))
        .Select(_ => new[] { "a", "b", "\\w", "[^a]", "(?:a|b)", "^", "\\b" }[random.Next(7)]));
}
