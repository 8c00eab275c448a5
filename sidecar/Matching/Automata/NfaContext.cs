using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>What assertions need to know of the text before a position.</summary>
[Flags]
internal enum NfaContext : byte
{
    None = 0,

    /// <summary>The input begins here.</summary>
    SubjectStart = 1,

    /// <summary>The search begins here.</summary>
    SearchStart = 2,

    /// <summary>The byte before is a line feed.</summary>
    AfterLineFeed = 4,

    /// <summary>The byte before is a word character.</summary>
    AfterWord = 8,
}

/// <summary>Evaluates assertions from what is before and what follows.</summary>
internal static class NfaContexts
{
    public static NfaContext After(byte value) =>
        (value == '\n' ? NfaContext.AfterLineFeed : 0) | (AsciiCase.IsWord(value) ? NfaContext.AfterWord : 0);

    /// <summary>The context in which a search begins.</summary>
    public static NfaContext At(ReadOnlySpan<byte> input, int position) =>
        NfaContext.SearchStart | (position == 0 ? NfaContext.SubjectStart : After(input[position - 1]));

    /// <summary>Whether an assertion holds; <paramref name="next"/> is the byte that follows, -1 at the end.</summary>
    public static bool Holds(AssertionKind kind, NfaContext before, int next) => kind switch
    {
        AssertionKind.SubjectStart => (before & NfaContext.SubjectStart) != 0,
        AssertionKind.SearchStart => (before & NfaContext.SearchStart) != 0,
        AssertionKind.LineStart =>
            (before & NfaContext.SubjectStart) != 0 || ((before & NfaContext.AfterLineFeed) != 0 && next >= 0),
        AssertionKind.SubjectEnd => next < 0,
        AssertionKind.LineEnd => next is < 0 or '\n',
        AssertionKind.WordBoundary => IsBoundary(before, next),
        _ => !IsBoundary(before, next),
    };

    /// <summary>Whether an assertion can no longer hold at this position, whatever follows.</summary>
    public static bool CannotHold(AssertionKind kind, NfaContext before) => kind switch
    {
        AssertionKind.SubjectStart => (before & NfaContext.SubjectStart) == 0,
        AssertionKind.SearchStart => (before & NfaContext.SearchStart) == 0,
        AssertionKind.LineStart => (before & (NfaContext.SubjectStart | NfaContext.AfterLineFeed)) == 0,
        _ => false,
    };

    private static bool IsBoundary(NfaContext before, int next) =>
        ((before & NfaContext.AfterWord) != 0) != (next >= 0 && AsciiCase.IsWord((byte)next));
}
