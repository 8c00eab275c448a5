namespace WafOperator.SecLang.Regex;

/// <summary>Sizes of trees: pure functions, saturating instead of overflowing.</summary>
public static class RegexMeasure
{
    /// <summary>The length that stands for "no upper bound".</summary>
    public const int Unbounded = int.MaxValue;

    /// <summary>The shortest match in bytes.</summary>
    public static int MinLength(RegexNode node) => node switch
    {
        RegexNode.Set => 1,
        RegexNode.Sequence sequence => Saturate(sequence.Items.Sum(item => (long)MinLength(item))),
        RegexNode.Choice choice => choice.Items.Min(MinLength),
        RegexNode.Repeat repeat => Saturate((long)MinLength(repeat.Body) * repeat.Min),
        RegexNode.Capture capture => MinLength(capture.Body),
        RegexNode.Atomic atomic => MinLength(atomic.Body),
        _ => 0,
    };

    /// <summary>The longest match in bytes, or <see cref="Unbounded"/>.</summary>
    public static int MaxLength(RegexNode node) => node switch
    {
        RegexNode.Set => 1,
        RegexNode.Sequence sequence => Saturate(sequence.Items.Sum(item => (long)MaxLength(item))),
        RegexNode.Choice choice => choice.Items.Max(MaxLength),
        RegexNode.Repeat repeat => MaxLength(repeat.Body) is var body && body == 0 ? 0
            : repeat.Max == RegexNode.Repeat.Unbounded ? Unbounded
            : Saturate((long)body * repeat.Max),
        RegexNode.Capture capture => MaxLength(capture.Body),
        RegexNode.Atomic atomic => MaxLength(atomic.Body),
        RegexNode.BackReference => Unbounded,
        _ => 0,
    };

    /// <summary>How many nodes there are once each bounded repeat is written out.</summary>
    public static long ExpandedNodes(RegexNode node) => node switch
    {
        RegexNode.Sequence sequence => 1 + Sum(sequence.Items),
        RegexNode.Choice choice => 1 + Sum(choice.Items),
        RegexNode.Repeat repeat => Cap(1 + (Copies(repeat) * ExpandedNodes(repeat.Body))),
        RegexNode.Capture capture => 1 + ExpandedNodes(capture.Body),
        RegexNode.Atomic atomic => 1 + ExpandedNodes(atomic.Body),
        RegexNode.Look look => 1 + ExpandedNodes(look.Body),
        _ => 1,
    };

    // A repeat of a single byte is one counter, however high it counts.
    private static long Copies(RegexNode.Repeat repeat) =>
        repeat.Body is RegexNode.Set ? 1
        : repeat.Max == RegexNode.Repeat.Unbounded ? Math.Max(1, repeat.Min)
        : Math.Max(1, repeat.Max);

    private static long Sum(IEnumerable<RegexNode> items) => Cap(items.Sum(ExpandedNodes));

    private static long Cap(long value) => Math.Min(value, int.MaxValue);

    private static int Saturate(long value) => (int)Math.Min(value, int.MaxValue);
}
