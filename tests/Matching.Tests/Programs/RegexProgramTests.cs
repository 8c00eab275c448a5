using System.Text;
using WafOperator.Fixtures;
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching.Tests.Programs;

public sealed class RegexProgramTests
{
    [Theory]
    [InlineData("select", "please select", 7, 6)]
    [InlineData("a+?", "baaa", 1, 1)]
    [InlineData("^b", "a\nb", 2, 1)]
    [InlineData("(?-m)^b", "a\nb", -1, 0)]
    [InlineData("a$", "a\nb", 0, 1)]
    [InlineData("^$", "a\n", -1, 0)]
    [InlineData("^", "", 0, 0)]
    [InlineData("\\bor\\b", "word or", 5, 2)]
    [InlineData("(a)\\1", "xaa", 1, 2)]
    [InlineData("(?>a*)ab", "aaab", -1, 0)]
    [InlineData("a++b", "caab", 1, 3)]
    [InlineData("foo(?=bar)", "foofoobar", 3, 3)]
    [InlineData("(?<!x)foo", "xfoo foo", 5, 3)]
    [InlineData("foo\\Kbar", "foobar", 3, 3)]
    [InlineData("\\x{ff}", "a\u00ff", 1, 1)]
    [InlineData("[^\\x00-\\x7f]{2}", "a\u00c3\u00a9", 1, 2)]
    [InlineData("a{0}b", "ab", 1, 1)]
    public void Match_Pattern_FindsLeftmost(string pattern, string input, int start, int length)
    {
        var groups = new Capture[1];
        var steps = RegexProgram.DefaultSteps;
        var outcome = Program(pattern).Match(Encoding.Latin1.GetBytes(input), 0, groups, ref steps);
        Assert.Equal(start < 0 ? RegexOutcome.NoMatch : RegexOutcome.Match, outcome);
        if (start >= 0) Assert.Equal(new Capture(start, length), groups[0]);
    }

    /// <summary>
    /// Fuzzing, seed 20261123: once a turn of a loop has matched nothing, no further turn is tried. The first needs a
    /// second turn, the others are .NET's and PCRE's disagreements, answered as PCRE 10.42 does.
    /// </summary>
    [Theory]
    [InlineData("(\\1b|)+c", "bc", 1, 1)]
    [InlineData("(ab|)+?[a-c]", "abab", 0, 3)]
    [InlineData("b|((ab|c)+b|(ab|)+?[a-c])", "ababc", 0, 3)]
    [InlineData("(|a)+?b", "aab", 0, 3)]
    public void FuzzRegexMatch_EmptyAlternativeUnderARepeat_EndsTheLoopAsInPcre(
        string pattern, string input, int start, int length) =>
        Match_Pattern_FindsLeftmost(pattern, input, start, length);

    [Fact]
    public void Match_FromAnOffset_SeesWhatIsBefore()
    {
        var groups = new Capture[1];
        var steps = RegexProgram.DefaultSteps;
        Assert.Equal(RegexOutcome.Match, Program("\\bb").Match("ab b"u8, 1, groups, ref steps));
        Assert.Equal(new Capture(3, 1), groups[0]);
        Assert.Equal(RegexOutcome.NoMatch, Program("^b|(?<!a)b").Match("ab"u8, 1, groups, ref steps));
        Assert.Equal(RegexOutcome.Match, Program("\\Gb").Match("ab"u8, 1, groups, ref steps));
    }

    [Fact]
    public void IsMatch_AfterWarmUp_AllocatesNothing()
    {
        var program = Program("(?i:(?:union\\s+(?:all\\s+)?select|\\bsleep\\s*\\())");
        var input = Encoding.Latin1.GetBytes("the union of all selected items; sleep well; Union  all SELECT 1");
        var groups = new Capture[program.GroupCount];
        var steps = long.MaxValue;
        program.Match(input, 0, groups, ref steps);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var round = 0; round < 1000; round++)
            {
                program.IsMatch(input, ref steps);
                program.Match(input, 0, groups, ref steps);
            }
        }));
    }

    [Fact]
    public void IsMatch_WithoutSteps_SaysSo()
    {
        var steps = 10L;
        Assert.Equal(RegexOutcome.BudgetExceeded, Program("abc").IsMatch(new byte[1000], ref steps));
    }

    [Fact]
    public void Match_RegularPatternTooCostlyToCapture_StillMatches()
    {
        // Backtracking tries every way to split the run; the automaton needs none of them to know the answer.
        var program = Program("((?:a|a)+)+[bc]|a{20}!");
        var input = Encoding.Latin1.GetBytes(new string('a', 40) + "!");
        var groups = new Capture[program.GroupCount];
        var steps = RegexProgram.DefaultSteps;
        Assert.Equal(RegexOutcome.Match, program.Match(input, 0, groups, ref steps));
        Assert.Equal([new Capture(0, input.Length), Capture.None], groups);
        Assert.True(steps > RegexProgram.DefaultSteps / 2, "the captures took more than their share of the budget");
    }

    [Fact]
    public async Task IsMatch_ManyThreadsOnOneProgram_AgreeWithOne()
    {
        var program = Program("(?:a|b)*a(?:a|b){11}c");
        var inputs = Enumerable.Range(0, 200).Select(seed => RandomText(new Random(seed))).ToArray();
        var expected = inputs.Select(input => Backtrack(program, input)).ToArray();
        var shared = Program("(?:a|b)*a(?:a|b){11}c");
        await Parallel.ForEachAsync(Enumerable.Range(0, 2_000), async (index, _) =>
        {
            await Task.Yield();
            var steps = long.MaxValue;
            Assert.Equal(expected[index % 200], shared.IsMatch(inputs[index % 200], ref steps));
        });
    }

    [Fact]
    public void IsMatch_TablesFullAllTheTime_AnswersTheSame()
    {
        var memory = new RegexMemory(0);
        var program = RegexProgram.Create(RegexParser.Parse("(?:a|b)*a(?:a|b){9}c"), memory);
        for (var seed = 0; seed < 200; seed++)
        {
            var input = RandomText(new Random(seed));
            var steps = long.MaxValue;
            Assert.Equal(Backtrack(program, input), program.IsMatch(input, ref steps));
        }
    }

    [Fact]
    public void Tables_ManyStates_StayWithinTheirMemory()
    {
        var memory = new RegexMemory(64 << 10);
        var program = RegexProgram.Create(RegexParser.Parse("(?:a|b)*a(?:a|b){11}c"), memory);
        var steps = long.MaxValue;
        for (var seed = 0; seed < 50; seed++) program.IsMatch(RandomText(new Random(seed)), ref steps);
        Assert.InRange(memory.Bytes, 1, 66 << 10);
    }

    private static RegexOutcome Backtrack(RegexProgram program, byte[] input)
    {
        var steps = long.MaxValue;
        return program.Backtrack(input, 0, [], ref steps);
    }

    private static byte[] RandomText(Random random) =>
        [.. Enumerable.Range(0, 400).Select(_ => (byte)(random.Next(30) == 0 ? 'c' : random.Next(2) == 0 ? 'a' : 'b'))];

    private static RegexProgram Program(string pattern) =>
        RegexProgram.Create(RegexParser.Parse(Encoding.Latin1.GetBytes(pattern)));
}
