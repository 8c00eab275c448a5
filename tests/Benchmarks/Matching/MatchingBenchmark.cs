using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using WafOperator.Fixtures;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Benchmarks.Matching;

/// <summary>
/// The matching library over the patterns of the installed Core Rule Set: compiling, filtering, matching beside .NET's
/// own engines, and the longest search that hostile inputs can cause. Times are CPU times of the process, not
/// wall-clock times.
/// </summary>
internal static class MatchingBenchmark
{
    private const int HostileBytes = 64 << 10;
    private const double LimitMilliseconds = 50;

    public static Task<int> RunAsync(string[] arguments)
    {
        var rounds = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 200;
        if (CrsPatterns.MissingReason is { } reason)
        {
            Console.WriteLine($"matching: skipped, {reason}");
            return Task.FromResult(0);
        }

        var patterns = Compile();
        Filter(patterns, rounds);
        Compare(patterns, rounds);
        return Task.FromResult(Hostile(patterns) < LimitMilliseconds ? 0 : 1);
    }

    private static RegexPattern[] Compile()
    {
        // Once to load and compile this program's own code, once to measure.
        RegexPattern[] patterns = [];
        for (var pass = 0; pass < 2; pass++)
        {
            var clock = CpuClock.Start();
            patterns = [.. CrsPatterns.All.Select(pattern => RegexParser.Parse(pattern))];
            var parsed = clock.Milliseconds;
            var conditions = patterns.Select(PatternAnalysis.Analyze).ToArray();
            var analyzed = clock.Milliseconds;
            PrefilterSet.Create(conditions);
            var filtered = clock.Milliseconds;
            if (pass == 0) continue;
            Print($"compile: {patterns.Length} patterns read in {parsed:0.0} ms, analyzed "
                + $"in {analyzed - parsed:0.0} ms, "
                + $"filter built in {filtered - analyzed:0.0} ms; "
                + $"{conditions.Count(condition => condition.Clauses.Length == 0)} patterns have no condition");
        }

        return patterns;
    }

    private static void Filter(RegexPattern[] patterns, int rounds)
    {
        var set = PrefilterSet.Create([.. patterns.Select(PatternAnalysis.Analyze)]);
        var candidates = new ulong[set.WordCount];
        foreach (var (name, inputs) in Samples.Groups)
        {
            var bytes = inputs.Sum(input => input.Length);
            var turns = Math.Max(1, rounds * 20_000 / bytes);
            var best = Best(() =>
            {
                for (var turn = 0; turn < turns; turn++)
                {
                    foreach (var input in inputs) set.Scan(input, candidates);
                }
            });
            Print($"filter: {name}: {best / turns / bytes:0.00} ns a "
                + $"byte, {best / turns / inputs.Length:0} ns a value");
        }
    }

    private static void Compare(RegexPattern[] patterns, int rounds)
    {
        var printed = patterns.Select(DotNetRegexPrinter.Print).ToArray();
        var inputs = Samples.Groups[0].Inputs;
        var texts = Array.ConvertAll(inputs, Encoding.Latin1.GetString);
        var clock = CpuClock.Start();
        var memory = GC.GetTotalMemory(true);
        var ours = Array.ConvertAll(patterns, pattern => RegexProgram.Create(pattern));
        Count(ours, inputs);
        Print($"first use: {patterns.Length} patterns on {inputs.Length} values in {clock.Milliseconds:0} ms, "
            + $"{(GC.GetTotalMemory(true) - memory) >> 10} KiB, of that tables {RegexMemory.Default.Bytes >> 10} KiB");
        var all = Time(ours, inputs, rounds);
        var searches = (double)patterns.Length * inputs.Length;
        Print($"search: ours {all / searches:0} ns a search of {inputs.Average(input => input.Length):0} bytes");
        foreach (var (name, options) in DotNetEngines())
        {
            var engines = printed.Select(text => TryCreate(text, options)).ToArray();
            // Where .NET refuses a pattern, both are measured without it.
            var same = ours.Where((_, index) => engines[index] is not null).ToArray();
            engines = [.. engines.Where(engine => engine is not null)];
            var count = Count(engines, texts);
            if (count != Count(same, inputs)) Print($"search: .NET {name} DISAGREES: {count} matches");
            var turns = Math.Max(1, rounds / 20);
            var time = Best(() => Repeat(turns, () => Count(engines, texts))) / turns;
            Print($"search: .NET {name} takes {time / Time(same, inputs, rounds):0.0} times as long, "
                + $"over {engines.Length} patterns, {count} matches");
        }
    }

    private static double Time(RegexProgram[] programs, byte[][] inputs, int rounds) =>
        Best(() => Repeat(rounds, () => Count(programs, inputs))) / rounds;

    private static double Hostile(RegexPattern[] patterns)
    {
        var longest = (Milliseconds: 0.0, Pattern: "", Outcome: RegexOutcome.NoMatch);
        var searches = 0;
        var exceeded = 0;
        void Measure(RegexProgram program, string pattern, byte[] input)
        {
            var groups = new WafOperator.Matching.Capture[program.GroupCount];
            var steps = RegexProgram.DefaultSteps;
            var clock = CpuClock.Start();
            var outcome = program.Match(input, 0, groups, ref steps);
            var time = clock.Milliseconds;
            searches++;
            if (outcome == RegexOutcome.BudgetExceeded) exceeded++;
            if (time > longest.Milliseconds) longest = (time, pattern, outcome);
        }

        foreach (var item in HostileInputs.Classics)
        {
            var program = RegexProgram.Create(RegexParser.Parse(item.Pattern));
            for (var pass = 0; pass < 3; pass++)
                Measure(program, item.Pattern, HostileInputs.Classic(item, HostileBytes));
        }

        for (var index = 0; index < patterns.Length; index++)
        {
            var program = RegexProgram.Create(patterns[index]);
            foreach (var input in HostileInputs.Pumped(patterns[index].Root, HostileBytes, 6))
                Measure(program, Encoding.Latin1.GetString(CrsPatterns.All[index]), input);
        }

        Print($"hostile: {searches} searches with captures in {HostileBytes >> 10} KiB, {exceeded} over the budget of "
            + $"{RegexProgram.DefaultSteps} steps; longest {longest.Milliseconds:0.0} ms ({longest.Outcome}) for "
            + longest.Pattern[..Math.Min(60, longest.Pattern.Length)]);
        return longest.Milliseconds;
    }

    private static (string Name, RegexOptions Options)[] DotNetEngines() =>
    [
        ("interpreted", RegexOptions.CultureInvariant),
        ("compiled", RegexOptions.CultureInvariant | RegexOptions.Compiled),
        ("NonBacktracking", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking),
    ];

    private static Regex? TryCreate(string? text, RegexOptions options)
    {
        try
        {
            return text is null ? null : new Regex(text, options);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static int Count(RegexProgram[] programs, byte[][] inputs)
    {
        var steps = long.MaxValue;
        var count = 0;
        foreach (var program in programs)
        {
            foreach (var input in inputs) count += program.IsMatch(input, ref steps) == RegexOutcome.Match ? 1 : 0;
        }

        return count;
    }

    private static int Count(Regex?[] engines, string[] inputs)
    {
        var count = 0;
        foreach (var engine in engines)
        {
            foreach (var input in inputs) count += engine?.IsMatch(input) == true ? 1 : 0;
        }

        return count;
    }

    private static void Repeat(int turns, Func<int> action)
    {
        for (var turn = 0; turn < turns; turn++) action();
    }

    /// <summary>The least CPU time of several runs, in nanoseconds.</summary>
    private static double Best(Action action)
    {
        var best = double.MaxValue;
        for (var run = 0; run < 5; run++)
        {
            var clock = CpuClock.Start();
            action();
            best = Math.Min(best, clock.Milliseconds * 1e6);
        }

        return best;
    }

    private static void Print(FormattableString text) =>
        Console.WriteLine("matching: " + text.ToString(CultureInfo.InvariantCulture));

    private static void Print(string text) => Console.WriteLine("matching: " + text);
}
