using System.Globalization;
using System.Text;
using WafOperator.SecLang.Regex;

namespace WafOperator.SecLang.Tests.Regex;

public sealed class RegexParserTests
{
    [Theory]
    [InlineData("abc", "a b c")]
    [InlineData("a|bc|", "(a | b c | ε)")]
    [InlineData("(?i)aZ1", "[Aa] [Zz] 1")]
    [InlineData("(?i:a)b", "[Aa] b")]
    [InlineData("(a(?i)b|c)d", "<1 (a [Bb] | [Cc])> d")]
    [InlineData("(?i)a(?-i)b", "[Aa] b")]
    [InlineData("a(?#comment)b", "a b")]
    [InlineData("(?x) a # comment\n b\\ c", "a b \\x20 c")]
    [InlineData("\\Qa.b\\E.", "a . b any")]
    [InlineData("\\Qab\\E+", "a b{1,}")]
    [InlineData("(?s).(?-s).", "any [^\\n]")]
    [InlineData("a*b+c?d*?e++", "a{0,} b{1,} c{0,1} d{0,}? e{1,}+")]
    [InlineData("a{3}b{2,}c{1,4}?", "a{3,3} b{2,} c{1,4}?")]
    [InlineData("a{,3}{x", "a { , 3 } { x")]
    [InlineData("(?U)a+b+?", "a{1,}? b{1,}")]
    [InlineData("(a)(?:b)(?<n>c)(?P<m>d)(?'o'e)", "<1 a> b <2:n c> <3:m d> <4:o e>")]
    [InlineData("(?|(a)|(b)(c))(d)", "(<1 a> | <1 b> <2 c>) <3 d>")]
    [InlineData("(?>a|b)", "atomic{(a | b)}")]
    [InlineData("(?=a)(?!b)(?<=c)(?<!d)", "Ahead{a} NotAhead{b} Behind{c} NotBehind{d}")]
    [InlineData("(a)\\1\\g1\\g{1}\\g{-1}", "<1 a> \\1 \\1 \\1 \\1")]
    [InlineData("(?<n>a)\\k<n>\\k{n}\\k'n'(?P=n)\\g{n}", "<1:n a> \\1 \\1 \\1 \\1 \\1")]
    [InlineData("\\b\\B\\A", "WordBoundary NotWordBoundary SubjectStart")]
    [InlineData("\\z\\Z\\G", "SubjectEnd SubjectEndOrFinalLineFeed SearchStart")]
    [InlineData("^$", "LineStart LineEnd")]
    [InlineData("(?-m)^$", "SubjectStart SubjectEndOrFinalLineFeed")]
    [InlineData("a\\Kb", "a reset b")]
    [InlineData("\\x41\\x{42}\\103\\o{104}\\cA\\e\\a\\t\\.", "A B C D \\x01 \\x1b \\x07 \\x09 .")]
    [InlineData("\\xg\\0", "\\x00 g \\x00")]
    [InlineData("\\d\\h", "[0-9] [\\x09\\x20\\xa0]")]
    [InlineData("[abc][^\\x00-`{-\\xff]", "[a-c] [a-z]")]
    [InlineData("[]a][^]a-\\xff\\x00-\\\\\\^_`]", "[\\x5da] []")]
    [InlineData("[a-][-a][\\d-z][a\\-c]", "[\\x2da] [\\x2da] [\\x2d0-9z] [\\x2dac]")]
    [InlineData("[[:digit:]a][[:^alpha:]]", "[0-9a] [\\x00-@\\x5b-`{-\\xff]")]
    [InlineData("[\\b\\n\\]\\x41][\\Qa-\\E]", "[\\x08\\x0aA\\x5d] [\\x2da]")]
    [InlineData("(?i)[^a]", "[\\x00-@B-`b-\\xff]")]
    [InlineData("[[:foo]", "[\\x3a\\x5bfo]")]
    public void Parse_Construct_GivesTree(string pattern, string expected) =>
        Assert.Equal(expected, Describe(RegexParser.Parse(Encoding.Latin1.GetBytes(pattern))));

    [Theory]
    [InlineData("a)", 1, "unmatched closing parenthesis")]
    [InlineData("(a", 0, "the group is not closed")]
    [InlineData("[a", 0, "the class is not closed by ']'")]
    [InlineData("*a", 0, "'*' has nothing to repeat")]
    [InlineData("a|+", 2, "'+' has nothing to repeat")]
    [InlineData("a**", 2, "'*' has nothing to repeat")]
    [InlineData("a\\", 1, "the pattern ends with a backslash")]
    [InlineData("[z-a]", 2, "the range in the class runs backwards")]
    [InlineData("a{3,2}", 2, "the repeat's upper count is below its lower count")]
    [InlineData("a{65536}", 2, "a repeat count is above 65535")]
    [InlineData("\\x{100}", 0, "patterns are over bytes: \\x{…} goes up to ff")]
    [InlineData("\\x{zz}", 0, "\\x{…} holds something that is not hexadecimal")]
    [InlineData("(a)\\2", 3, "reference to group 2, but the pattern has 1")]
    [InlineData("\\k<n>", 0, "no group to the left is named 'n'")]
    [InlineData("(?<n>a)(?<n>b)", 7, "two groups are named 'n'")]
    [InlineData("(?<=a+)b", 0, "the lookbehind can match more than 255 bytes")]
    [InlineData("(?R)", 0, "recursion, subroutine calls and callouts are not supported")]
    [InlineData("(?(1)a|b)", 0, "conditional groups are not supported")]
    [InlineData("(*SKIP)a", 0, "backtracking verbs such as (*SKIP) are not supported")]
    [InlineData("\\p{L}", 0, "\\p needs Unicode, which is not supported")]
    [InlineData("(?q)", 2, "'q' is not an inline flag")]
    [InlineData("\\y", 0, "\\y is not a known escape")]
    [InlineData("[[:foo:]]", 1, "unknown POSIX class")]
    [InlineData("(?#a", 3, "the comment has no closing parenthesis")]
    public void Parse_Mistake_SaysWhereAndWhy(string pattern, int position, string reason)
    {
        var error = RegexParser.Parse(pattern).Error;
        Assert.Equal((position, reason), (error?.Position, error?.Reason));
    }

    [Theory]
    [InlineData(250, true)]
    [InlineData(251, false)]
    public void Parse_Nesting_EndsAtTheLimit(int depth, bool isValid) =>
        Assert.Equal(isValid, RegexParser.Parse(new string('(', depth) + "a" + new string(')', depth)).IsValid);

    [Theory]
    [InlineData(65_536, true)]
    [InlineData(65_537, false)]
    public void Parse_Length_EndsAtTheLimit(int length, bool isValid) =>
        Assert.Equal(isValid, RegexParser.Parse(new string('a', length)).IsValid);

    [Theory]
    [InlineData("(?:ab){60000}", true)]
    [InlineData("(?:ab){65000}(?:ab){65000}", false)]
    [InlineData("((((a{9}b){99}c){99}d){99}e){99}", false)]
    public void Parse_WrittenOutRepeats_EndAtTheLimit(string pattern, bool isValid) =>
        Assert.Equal(isValid, RegexParser.Parse(pattern).IsValid);

    [Theory]
    [InlineData(1_000, true)]
    [InlineData(1_001, false)]
    public void Parse_Groups_EndAtTheLimit(int count, bool isValid) =>
        Assert.Equal(isValid, RegexParser.Parse(string.Concat(Enumerable.Repeat("(a)", count))).IsValid);

    [Theory]
    [InlineData("(?<=a{255})b", true)]
    [InlineData("(?<=a{256})b", false)]
    public void Parse_Lookbehind_EndsAtTheLimit(string pattern, bool isValid) =>
        Assert.Equal(isValid, RegexParser.Parse(pattern).IsValid);

    [Fact]
    public void Parse_RandomBytes_NeverThrowsAndPointsInside()
    {
        const string Alphabet = "()[]{}\\^$*+?|.-:=!<>#PQEKxbdk0123aiU,\n'&";
        var random = new Random(42);
        for (var round = 0; round < 100_000; round++)
        {
            var text = new byte[random.Next(30)];
            foreach (ref var value in text.AsSpan()) value = (byte)Alphabet[random.Next(Alphabet.Length)];
            if (RegexParser.Parse(text).Error is { } error) Assert.InRange(error.Position, 0, text.Length);
        }
    }

    [Fact]
    public void Parse_TextBeyondAscii_StandsForItsUtf8Bytes() =>
        Assert.Equal("\\xc3 \\xa9", Describe(RegexParser.Parse("é")));

    private static string Describe(RegexPattern pattern) =>
        pattern.Error is { } error ? $"{error.Position}: {error.Reason}" : Describe(pattern.Root);

    private static string Describe(RegexNode node) => node switch
    {
        RegexNode.Set { Bytes.Count: 256 } => "any",
        RegexNode.Set { Bytes.Count: 1 } set => Name(set.Bytes.OnlyMember()),
        RegexNode.Set { Bytes.Count: 255 } set => "[^" + (set.Bytes.Contains(10) ? "?" : "\\n") + "]",
        RegexNode.Set set => "[" + Ranges(set.Bytes) + "]",
        RegexNode.Sequence sequence => string.Join(' ', sequence.Items.Select(Describe)),
        RegexNode.Choice choice => "(" + string.Join(" | ", choice.Items.Select(Describe)) + ")",
        RegexNode.Repeat repeat => Describe(repeat.Body) + Counts(repeat),
        RegexNode.Capture capture =>
            $"<{capture.Group}{(capture.Name is null ? "" : ":" + capture.Name)} {Describe(capture.Body)}>",
        RegexNode.Atomic atomic => "atomic{" + Describe(atomic.Body) + "}",
        RegexNode.Look look => look.Kind + "{" + Describe(look.Body) + "}",
        RegexNode.Assertion assertion => assertion.Kind.ToString(),
        RegexNode.BackReference reference => "\\" + reference.Group.ToString(CultureInfo.InvariantCulture),
        RegexNode.MatchStartReset => "reset",
        _ => "ε",
    };

    private static string Counts(RegexNode.Repeat repeat)
    {
        var max = repeat.Max == RegexNode.Repeat.Unbounded ? "" : repeat.Max.ToString(CultureInfo.InvariantCulture);
        var kind = repeat.Kind switch { RepeatKind.Lazy => "?", RepeatKind.Possessive => "+", _ => "" };
        return $"{{{repeat.Min},{max}}}{kind}";
    }

    private static string Ranges(ByteSet set)
    {
        var text = new StringBuilder();
        for (var first = set.First(); first >= 0;)
        {
            var last = first;
            while (last < 255 && set.Contains((byte)(last + 1))) last++;
            text.Append(Name(first));
            if (last == first + 1) text.Append(Name(last));
            else if (last > first) text.Append('-').Append(Name(last));
            first = last == 255 ? -1 : set.Next(last + 1);
        }

        return text.ToString();
    }

    private static string Name(int value) =>
        char.IsAsciiLetterOrDigit((char)value) || ".@`{}_,".Contains((char)value)
            ? ((char)value).ToString() : $"\\x{value:x2}";
}
