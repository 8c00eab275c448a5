using System.Text;
using WafOperator.Fixtures;
using WafOperator.Matching.Tests.Pcre;
using WafOperator.SecLang.Regex;
using Xunit.Abstractions;

namespace WafOperator.Matching.Tests.Hostile;

/// <summary>
/// No pattern and input may exceed the steps given. How long the steps take is measured in tests/Benchmarks (Matching).
/// </summary>
public sealed class HostilePatternTests(ITestOutputHelper output)
{
    private const int InputBytes = 16 << 10;

    [Fact]
    public void Classics_RegularOnes_AnswerInStepsLinearInTheInput()
    {
        foreach (var item in HostileInputs.Classics)
        {
            var pattern = RegexParser.Parse(item.Pattern);
            var program = RegexProgram.Create(pattern);
            var input = HostileInputs.Classic(item, InputBytes);
            var steps = RegexProgram.DefaultSteps;
            var outcome = program.IsMatch(input, ref steps);
            var used = RegexProgram.DefaultSteps - steps;
            output.WriteLine($"{outcome,-15} {used,9} steps  {item.Pattern}");
            Assert.InRange(used, 0, RegexProgram.DefaultSteps);
            if (program.IsLinear) Assert.True(outcome != RegexOutcome.BudgetExceeded, item.Pattern);
        }
    }

    [Fact]
    public void Classics_ShortInputs_AgreeWithBacktracking()
    {
        foreach (var item in HostileInputs.Classics)
        {
            var program = RegexProgram.Create(RegexParser.Parse(item.Pattern));
            for (var length = 0; length < 12; length++)
            {
                var input = HostileInputs.Classic(item, length);
                var (left, right) = (200_000L, RegexProgram.DefaultSteps);
                var expected = program.Backtrack(input, 0, [], ref left);
                if (expected != RegexOutcome.BudgetExceeded)
                    Assert.Equal(expected, program.IsMatch(input, ref right));
            }
        }
    }

    /// <summary>
    /// Patterns as newer rule sets assemble them from lists of words: large alternations, between all letters what a
    /// shell ignores. They must be read, stay linear, and be kept from values without any of their first marks.
    /// </summary>
    [Theory]
    [InlineData("(?i)(?:^|[;`\\n\\r{|&]|\\$\\(\\(?|\\$\\{|<\\(|>\\()\\s*(?:", ")(?:\\s|$).*", true)]
    [InlineData("(?i)[;`\\n\\r{|&][\\s\\x0b]*[\"']*(?:[\"'-+.-9?A-\\]_a-z|]+/)?[\"'\\x5c]*(?:", ")\\b", true)]
    [InlineData("(?i)(?<verb>", ")[\\s\\x0b&),<>|](?>[^\\n]*+)", false)]
    public void AssembledAlternations_WithEvasionsBetweenLetters_StayCheap(string before, string after, bool isLinear)
    {
        const string Ignored =
            "[\"'\\)\\[\\x5c]*(?:(?:(?:\\|\\||&&)[\\s\\x0b]*)?\\$[!#\\(\\*\\-0-9\\?@_a-\\{]*)?\\x5c?";
        string[] words =
        [
            "bash", "cat", "chmod", "curl", "dash", "dd", "env", "expr", "find", "gawk", "grep", "head", "id", "kill",
            "less", "ln", "ls", "mkfifo", "nc", "nohup", "perl", "ping", "python3", "rm", "rsync", "sed", "sh", "sleep",
            "ssh", "sudo", "tail", "tar", "tee", "time", "touch", "uname", "vi", "wget", "whoami", "xargs", "zip",
        ];
        var text = before + string.Join('|', words.Select(word => string.Join(Ignored, word.ToCharArray()))) + after;
        var pattern = RegexParser.Parse(text);
        Assert.True(pattern.IsValid, pattern.Error?.ToString());
        var program = RegexProgram.Create(pattern);
        Assert.Equal(isLinear, program.IsLinear);
        foreach (var input in HostileInputs.Pumped(pattern.Root, 64 << 10, 8)
            .Append(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(";b'a\"s$", 9000)))))
        {
            var steps = RegexProgram.DefaultSteps;
            var outcome = program.IsMatch(input, ref steps);
            output.WriteLine($"{outcome} after {RegexProgram.DefaultSteps - steps} steps");
            Assert.True(!isLinear || outcome != RegexOutcome.BudgetExceeded);
        }

        var left = RegexProgram.DefaultSteps;
        Assert.Equal(RegexOutcome.Match, program.IsMatch("x;w'g\"e\\t http://h"u8, ref left));
        Assert.Equal(RegexOutcome.NoMatch, program.IsMatch("a letter, nothing more."u8, ref left));
    }

    [CrsFact]
    public void Crs_EachLoopTurnedToTheLimit_StaysWithinItsSteps()
    {
        var (searches, exceeded, most) = (0, new List<string>(), 0L);
        foreach (var bytes in CrsPatterns.All)
        {
            var pattern = RegexParser.Parse(bytes);
            var program = RegexProgram.Create(pattern);
            foreach (var input in HostileInputs.Pumped(pattern.Root, InputBytes, 2))
            {
                var steps = RegexProgram.DefaultSteps;
                var outcome = program.IsMatch(input, ref steps);
                searches++;
                most = Math.Max(most, RegexProgram.DefaultSteps - steps);
                if (outcome != RegexOutcome.BudgetExceeded) continue;
                exceeded.Add($"linear {program.IsLinear}: {Encoding.Latin1.GetString(bytes)}");
                Assert.False(program.IsLinear, Encoding.Latin1.GetString(bytes));
            }
        }

        output.WriteLine($"{searches} searches, most steps {most}, over budget {exceeded.Count}");
        foreach (var line in exceeded.Distinct()) output.WriteLine(line);
    }
}
