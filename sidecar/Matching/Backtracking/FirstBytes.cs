using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>
/// With which bytes a match of a part can begin, and whether it can be empty. Errs towards more. Pure.
/// </summary>
internal readonly record struct FirstBytes(ByteSet Bytes, bool CanBeEmpty)
{
    private static FirstBytes Anything => new(ByteSet.All, true);

    /// <summary>Whether a match can begin before this byte; 256 stands for the end of the input.</summary>
    public bool Allows(int value) => CanBeEmpty || (value < 256 && Bytes.Contains((byte)value));

    public static FirstBytes Of(RegexNode node) => node switch
    {
        RegexNode.Set set => new(set.Bytes, false),
        RegexNode.Sequence sequence => OfSequence(sequence),
        RegexNode.Choice choice => OfChoice(choice),
        RegexNode.Repeat { Max: 0 } => new(ByteSet.Empty, true),
        RegexNode.Repeat { Min: 0 } repeat => Of(repeat.Body) with { CanBeEmpty = true },
        RegexNode.Repeat repeat => Of(repeat.Body),
        RegexNode.Capture capture => Of(capture.Body),
        RegexNode.Atomic atomic => Of(atomic.Body),
        RegexNode.BackReference => Anything,
        _ => new(ByteSet.Empty, true),
    };

    private static FirstBytes OfSequence(RegexNode.Sequence sequence)
    {
        var bytes = ByteSet.Empty;
        foreach (var item in sequence.Items)
        {
            var first = Of(item);
            bytes |= first.Bytes;
            if (!first.CanBeEmpty) return new(bytes, false);
        }

        return new(bytes, true);
    }

    private static FirstBytes OfChoice(RegexNode.Choice choice)
    {
        var bytes = ByteSet.Empty;
        var canBeEmpty = false;
        foreach (var item in choice.Items)
        {
            var first = Of(item);
            bytes |= first.Bytes;
            canBeEmpty |= first.CanBeEmpty;
        }

        return new(bytes, canBeEmpty);
    }
}
