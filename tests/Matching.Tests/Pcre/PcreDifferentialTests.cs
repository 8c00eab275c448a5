using System.Text;
using WafOperator.Fixtures;
using WafOperator.SecLang.Regex;
using Xunit.Abstractions;

namespace WafOperator.Matching.Tests.Pcre;

/// <summary>Our engine against PCRE2: the same answers and the same captures.</summary>
public sealed class PcreDifferentialTests(ITestOutputHelper output)
{
    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("DIFFERENTIAL_ROUNDS"), out var rounds)
        ? rounds : 1;

    [CrsFact]
    public void Crs_SampledInputs_SameAnswersAndCaptures()
    {
        var sampler = new InputSampler(new Random(20261122));
        var counts = new Counts();
        foreach (var bytes in CrsPatterns.All)
        {
            foreach (var flags in new[] { RegexFlags.ModSecurity3, RegexFlags.ModSecurity2 })
            {
                var pattern = RegexParser.Parse(bytes, flags);
                using var reference = PcrePattern.TryCompile(bytes, flags);
                Assert.True(pattern.IsValid, $"{Encoding.Latin1.GetString(bytes)}: {pattern.Error}");
                Assert.NotNull(reference);
                var program = RegexProgram.Create(pattern);
                var filter = PrefilterSet.Create([PatternAnalysis.Analyze(pattern)]);
                for (var round = 0; round < 10 * Rounds; round++)
                    Compare(bytes, program, filter, reference, sampler.Next(pattern.Root), counts);
            }
        }

        output.WriteLine($"{CrsPatterns.All.Count} patterns, {counts}");
        Assert.True(counts.Matches > counts.Total / 5, "too few inputs match for the comparison to mean much");
    }

    [PcreTheory]
    [InlineData(8)]
    [InlineData(40)]
    public void RandomPatterns_RandomInputs_SameAnswersAndCaptures(int percentEmpty)
    {
        var seed = 1;
        var counts = new Counts();
        for (; seed <= 1_000 * Rounds; seed++)
        {
            var random = new Random(seed);
            var text = new PatternGenerator(random) { PercentEmpty = percentEmpty }.Next();
            var flags = (seed % 3) switch
            {
                0 => RegexFlags.ModSecurity2,
                1 => RegexFlags.ModSecurity3,
                _ => new RegexFlags(),
            };
            var bytes = Encoding.Latin1.GetBytes(text);
            using var reference = PcrePattern.TryCompile(bytes, flags);
            if (reference is null) continue;
            var pattern = RegexParser.Parse(bytes, flags);
            Assert.True(pattern.IsValid, $"seed {seed}: {text}: {pattern.Error}");
            var program = RegexProgram.Create(pattern);
            var filter = PrefilterSet.Create([PatternAnalysis.Analyze(pattern)]);
            var sampler = new InputSampler(random);
            for (var round = 0; round < 12; round++)
            {
                var input = round % 3 == 0 ? RandomInput(random) : sampler.Next(pattern.Root);
                Compare(bytes, program, filter, reference, input, counts);
            }
        }

        output.WriteLine(counts.ToString());
    }

    private static byte[] RandomInput(Random random)
    {
        const string Alphabet = "aabbcABC1_ -x.\n\r\t";
        return [.. Enumerable.Range(0, random.Next(20)).Select(_ => (byte)Alphabet[random.Next(Alphabet.Length)])];
    }

    private static void Compare(
        byte[] text, RegexProgram program, PrefilterSet filter, PcrePattern reference, byte[] input, Counts counts)
    {
        if (reference.Match(input, 0, program.GroupCount) is not { } expected) return;
        var groups = new Capture[program.GroupCount];
        var steps = RegexProgram.DefaultSteps;
        var actual = program.Match(input, 0, groups, ref steps);
        if (actual == RegexOutcome.BudgetExceeded)
        {
            counts.Exceeded++;
            return;
        }

        counts.Total++;
        string Describe() => $"/{Encoding.Latin1.GetString(text)}/ on {Escape(input)}";
        Assert.True(expected.Outcome == actual, $"{Describe()}: PCRE2 {expected.Outcome}, ours {actual}");
        steps = RegexProgram.DefaultSteps;
        Assert.True(program.IsMatch(input, ref steps) == actual, $"{Describe()}: IsMatch differs from Match");
        if (actual == RegexOutcome.NoMatch) return;
        counts.Matches++;
        var same = expected.Groups.AsSpan().SequenceEqual(groups);
        Assert.True(same, $"{Describe()}: PCRE2 {string.Join(' ', expected.Groups)}, ours {string.Join(' ', groups)}");
        Assert.True(IsCandidate(filter, input), $"{Describe()}: the prefilter would have missed this match");
        Assert.True(input.Length >= program.MinLength, $"{Describe()}: shorter than the minimal length");
    }

    private static bool IsCandidate(PrefilterSet filter, byte[] input)
    {
        Span<ulong> candidates = stackalloc ulong[1];
        filter.Scan(input, candidates);
        return candidates[0] == 1;
    }

    private static string Escape(byte[] input) =>
        string.Concat(input.Select(value => value is >= 32 and < 127 ? ((char)value).ToString() : $"\\x{value:x2}"));

    private sealed class Counts
    {
        public int Total { get; set; }

        public int Matches { get; set; }

        public int Exceeded { get; set; }

        public override string ToString() => $"{Total} comparisons, {Matches} matches, {Exceeded} over budget";
    }
}
