using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Where matches of a pattern can begin. Pure; errs towards "anywhere".</summary>
internal static class Anchors
{
    /// <summary>
    /// Whether each match begins where the search begins, because of `\A`, `\G` or `^` outside multiline mode.
    /// </summary>
    public static bool OnlyAtSearchStart(RegexNode node) => node switch
    {
        RegexNode.Assertion { Kind: AssertionKind.SubjectStart or AssertionKind.SearchStart } => true,
        RegexNode.Sequence sequence => OnlyAtSearchStart(sequence.Items[0]),
        RegexNode.Choice choice => choice.Items.All(OnlyAtSearchStart),
        RegexNode.Repeat { Min: > 0 } repeat => OnlyAtSearchStart(repeat.Body),
        RegexNode.Capture capture => OnlyAtSearchStart(capture.Body),
        RegexNode.Atomic atomic => OnlyAtSearchStart(atomic.Body),
        _ => false,
    };
}
