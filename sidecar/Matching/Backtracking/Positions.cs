using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Conditions on positions, as pcre2pattern(3) defines them with the line feed as the only newline.</summary>
internal static class Positions
{
    public static bool Holds(AssertionKind kind, ReadOnlySpan<byte> input, int position, int searchStart) => kind switch
    {
        AssertionKind.SubjectStart => position == 0,
        AssertionKind.LineStart =>
            position == 0 || (position < input.Length && input[position - 1] == '\n'),
        AssertionKind.SubjectEnd => position == input.Length,
        AssertionKind.SubjectEndOrFinalLineFeed =>
            position == input.Length || (position == input.Length - 1 && input[position] == '\n'),
        AssertionKind.LineEnd => position == input.Length || input[position] == '\n',
        AssertionKind.WordBoundary => IsBoundary(input, position),
        AssertionKind.NotWordBoundary => !IsBoundary(input, position),
        _ => position == searchStart,
    };

    private static bool IsBoundary(ReadOnlySpan<byte> input, int position)
    {
        var before = position > 0 && AsciiCase.IsWord(input[position - 1]);
        var after = position < input.Length && AsciiCase.IsWord(input[position]);
        return before != after;
    }
}
