using System.Text;
using System.Text.RegularExpressions;
using WafOperator.Fixtures;
using WafOperator.Fuzz.Running;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Any bytes as a pattern: read or refused with a place inside it, and what was read can be analyzed and searched with
/// within the steps given.
/// </summary>
public sealed class RegexParserTarget : FuzzTarget
{
    private readonly Pieces _patterns = new(
        ["(?i:union\\s+(?:all\\s+)?select)", "^(?:a|b)*?[^\\w]{2,5}$", "(a)(?<n>b)\\1\\k<n>", "(?<!x)(?>a+)b++(?=c)"],
        ["(", ")", "(?:", "(?i)", "(?-s:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?|", "(?P<n>", "(?#", "[", "]", "[^",
         "[:alpha:]", "a", "b", "\\", "\\d", "\\w", "\\x{", "\\x4", "\\Q", "\\E", "\\1", "\\g{", "\\K", "\\b", "\\R",
         "{2,3}", "{", "}", "*", "+", "?", "|", "^", "$", ".", "-", "\u0000", "\u00ff", ",", "9999", ":"]);

    public override string Name => "regex-parser";

    public override byte[] Generate(Random random) => _patterns.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var pattern = RegexParser.Parse(input);
        if (pattern.Error is { } error)
        {
            Require(error.Position >= 0 && error.Position <= input.Length, "an error lies inside the pattern");
            return;
        }

        DotNetRegexPrinter.Print(pattern);
        PrefilterSet.Create([PatternAnalysis.Analyze(pattern)]);
        var steps = 20_000L;
        var program = RegexProgram.Create(pattern, new RegexMemory(1 << 20));
        var outcome = program.Match(input, 0, new WafOperator.Matching.Capture[program.GroupCount], ref steps);
        Require(steps >= 0 || outcome == RegexOutcome.BudgetExceeded, "steps are never overdrawn in silence");
    }
}

/// <summary>
/// A pattern and a subject: the same answer as PCRE2's (where it is not installed, as .NET's engine on the printed
/// tree), the same from search and from match, and no match that the filter would have kept away.
/// </summary>
public sealed class RegexMatchTarget : FuzzTarget
{
    private const byte Separator = 0xFE;

    private readonly Pieces _patterns = new(
        ["(?i:or|and)\\s+\\w+", "a(?:b|c)*d", "^x.*y$", "[^ab]{2}c"],
        ["a", "b", "c", "(?:a|b)", "(ab|c)", "(ab|)", "(|a)", "(", ")", "+?", "*", "(?i:A)", "[a-c]", "[^a]",
         "\\w", "\\s", "\\d", ".", "\\b", "\\B", "^", "$", "a*", "b+?", "c?", "{2}", "{1,3}", "|",
         "(?=a)", "(?!b)", "(?<=a)",
         "(?<!c)", " ", "1", "\\n", "(?:)", "x{0,20}"]);

    private readonly Pieces _subjects = new(
        ["1 or 1=1", "abcbcd", "x\ny", "aabbcc"],
        ["a", "b", "c", "d", "A", "C", " ", "1", "\n", "x", "y", "\u00e9", "or", "_"]);

    public override string Name => "regex-match";

    public override byte[] Generate(Random random) => [.. _patterns.Next(random), Separator, .. _subjects.Next(random)];

    public override void Check(byte[] input, Random random)
    {
        var middle = Array.IndexOf(input, Separator);
        if (middle is < 0 or > 200) return;
        var pattern = RegexParser.Parse(input.AsSpan(0, middle));
        if (!pattern.IsValid) return;
        var subject = input[(middle + 1)..];
        var program = RegexProgram.Create(pattern, new RegexMemory(1 << 20));
        var steps = RegexProgram.DefaultSteps;
        var found = program.IsMatch(subject, ref steps);
        var groups = new WafOperator.Matching.Capture[program.GroupCount];
        var matched = program.Match(subject, 0, groups, ref steps);
        if (RegexOutcome.BudgetExceeded == found || RegexOutcome.BudgetExceeded == matched) return;
        Require(found == matched, "searching and matching agree");
        if (found == RegexOutcome.Match)
        {
            Span<ulong> candidates = stackalloc ulong[1];
            PrefilterSet.Create([PatternAnalysis.Analyze(pattern)]).Scan(subject, candidates);
            Require(candidates[0] == 1, "the filter lets every match through");
        }

        if (PcreLibrary.MissingReason is null) CompareWithPcre(input[..middle], subject, found, groups);
        else CompareWithDotNet(pattern, subject, found, groups[0]);
    }

    private static void CompareWithPcre(
        byte[] pattern, byte[] subject, RegexOutcome found, WafOperator.Matching.Capture[] groups)
    {
        using var reference = PcrePattern.TryCompile(pattern, RegexFlags.ModSecurity3);
        if (reference?.Match(subject, 0, groups.Length) is not { } expected) return;
        Require(expected.Outcome == found, "PCRE gives the same answer");
        var isSame = expected.Groups.Length == 0 || expected.Groups.AsSpan().SequenceEqual(groups);
        Require(isSame, "PCRE captures the same");
    }

    private static void CompareWithDotNet(
        RegexPattern pattern, byte[] subject, RegexOutcome found, WafOperator.Matching.Capture whole)
    {
        if (DotNetRegexPrinter.Print(pattern) is not { } printed) return;
        try
        {
            var match = new Regex(printed, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(200))
                .Match(Encoding.Latin1.GetString(subject));
            Require(match.Success == (found == RegexOutcome.Match), ".NET gives the same answer");
            var isSame = !match.Success || (match.Index, match.Length) == (whole.Start, whole.Length);
            Require(isSame, ".NET finds the same text");
        }
        catch (RegexMatchTimeoutException)
        {
            // .NET's engine has no linear bound: nothing to compare with.
        }
    }
}

/// <summary>
/// Literals and a text: exactly those that occur are reported, and the phrase that ends first is found.
/// </summary>
public sealed class LiteralTarget : FuzzTarget
{
    private readonly Pieces _texts = new(
        [],
        ["a", "b", "ab", "ba", "aab", "A", "B", "'", "--", "select", "SEL", "\u0000", "\u00ff", "\u0001", "\u0001"]);

    public override string Name => "literals";

    public override byte[] Generate(Random random) => _texts.Next(random);

    public override void Check(byte[] input, Random random)
    {
        // What is before the last separator is literals, the rest the text.
        var last = Array.LastIndexOf(input, (byte)1);
        if (last <= 0) return;
        var literals = Encoding.Latin1.GetString(input, 0, last).Split('\u0001', StringSplitOptions.RemoveEmptyEntries);
        if (literals.Length == 0) return;
        var bytes = Array.ConvertAll(literals, Encoding.Latin1.GetBytes);
        var text = input[(last + 1)..];
        var set = LiteralSet.Create(bytes);
        var found = new ulong[set.WordCount];
        set.Scan(text, found);
        var folded = Fold(text);
        var firstEnd = int.MaxValue;
        for (var index = 0; index < literals.Length; index++)
        {
            var at = folded.IndexOf(Fold(bytes[index]), StringComparison.Ordinal);
            Require(at >= 0 == ((found[index >> 6] >> (index & 63) & 1) != 0), "a literal is reported where it occurs");
            if (at >= 0) firstEnd = Math.Min(firstEnd, at + bytes[index].Length);
        }

        var isFound = PhraseSet.Create(bytes).TryFind(text, out var match);
        Require(isFound == firstEnd < int.MaxValue, "a phrase is found where one occurs");
        Require(!isFound || match.Start + match.Length == firstEnd, "the phrase found is the one that ends first");
    }

    private static string Fold(byte[] text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var index = 0; index < source.Length; index++)
        {
            var symbol = (char)source[index];
            target[index] = char.IsAsciiLetterUpper(symbol) ? (char)(symbol | 32) : symbol;
        }
    });
}
