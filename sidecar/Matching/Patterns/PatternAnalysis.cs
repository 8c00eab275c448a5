// Which bytes must an input contain for a pattern to match?
//
// Why: of the hundreds of patterns in a rule set hardly any matches a benign value, and nearly all of them need some
// text ("select", "<script", a quote) that a benign value does not have. Finding all these texts in one pass over the
// value (PrefilterSet) costs less than running a single one of the patterns.
//
// How: the tree is read bottom up. A small part is known exactly, as the list of all strings it matches; neighbors are
// joined by cross product. Where a list gets too long, or a part is not finite, the list so far becomes a clause ("one
// of these occurs") and a new list starts. Alternatives are joined by pairing their clauses: (A1 and A2) or (B1 and B2)
// implies (A1 or B1) and (A2 or B2).
//
// Guarantee: each step only weakens. Whatever the pattern matches meets the condition, so a filter built from it
// answers "no" or "maybe" and never misses a match. Case is folded, which weakens further. Lookaheads that must hold
// contribute their own text, negative ones nothing; back references and conditions on positions count as "any text".
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Derives <see cref="PatternCondition"/> from a pattern. Pure.</summary>
public static class PatternAnalysis
{
    /// <summary>Strings known exactly for one part of a pattern; more become a clause.</summary>
    internal const int ExactStringsMax = 2_048;

    /// <summary>Strings that joining two parts may produce.</summary>
    internal const int JoinedStringsMax = 192;

    /// <summary>Clauses kept of one pattern.</summary>
    internal const int ClausesMax = 4;

    /// <summary>A clause that chance satisfies this often per byte filters nothing.</summary>
    internal const double UsefulCostMax = 0.12;

    /// <summary>Members up to which a class counts as a list of one-byte strings.</summary>
    private const int ListedSetMax = 16;

    public static PatternCondition Analyze(RegexPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (!pattern.IsValid) return PatternCondition.Always;
        var clauses = Visit(pattern.Root).Finish();
        return new([.. clauses], RegexMeasure.MinLength(pattern.Root));
    }

    private static RequiredText Visit(RegexNode node) => node switch
    {
        RegexNode.Set set => VisitSet(set.Bytes),
        RegexNode.Sequence sequence => VisitSequence(sequence),
        RegexNode.Choice choice => RequiredText.AnyOf(choice.Items.Select(Visit).ToList()),
        RegexNode.Repeat repeat => VisitRepeat(repeat),
        RegexNode.Capture capture => Visit(capture.Body),
        RegexNode.Atomic atomic => Visit(atomic.Body),
        RegexNode.Look { Kind: LookKind.Ahead or LookKind.Behind } look => Visit(look.Body).WithoutWidth(),
        RegexNode.BackReference => RequiredText.Unknown,
        _ => RequiredText.EmptyString,
    };

    private static RequiredText VisitSet(ByteSet set)
    {
        // Case is folded before counting: a letter under (?i) is one string, not two.
        var members = set.ToArray().Select(AsciiCase.ToLower).Distinct().Select(value => new[] { value }).ToList();
        return members.Count <= ListedSetMax
            ? RequiredText.Exactly(members)
            : RequiredText.Requiring(ClauseBuilder.Build(members));
    }

    private static RequiredText VisitSequence(RegexNode.Sequence sequence)
    {
        var text = RequiredText.EmptyString;
        foreach (var item in sequence.Items) text = text.Then(Visit(item));
        return text;
    }

    private static RequiredText VisitRepeat(RegexNode.Repeat repeat)
    {
        if (repeat.Min == 0)
        {
            if (repeat.Max != 1) return RequiredText.Unknown;
            return RequiredText.AnyOf([Visit(repeat.Body), RequiredText.EmptyString]);
        }

        var body = Visit(repeat.Body);
        var text = body;
        var written = 1;
        for (; written < repeat.Min && written < ClauseBuilder.LiteralBytesMax && text.IsExact; written++)
            text = text.Then(body);
        return written == repeat.Max ? text : text.Then(RequiredText.Unknown);
    }
}
