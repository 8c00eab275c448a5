using System.Diagnostics;
using System.Globalization;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Benchmarks.Scoring;

/// <summary>
/// CPU time of the models for one benign request of ten values: reading it (the reference), then reading and scoring it with the
/// released packages. Every request is different, so the prediction cache does not help.
/// </summary>
internal static class ScoringBenchmark
{
    private static readonly string[] Words =
    [
        "green", "tea", "order", "please", "deliver", "to", "the", "back", "door", "before", "noon", "O'Brien", "select", "from",
        "list", "union", "script", "drop", "café", "100%", "item", "and", "or", "update", "my", "address", "street", "12a", "berlin",
        "https://shop.example/a?b=c", "name@mail.example", "2026-11-22", "it's", "rock", "&", "roll", "<3", "C++", "script.js",
    ];

    public static Task<int> RunAsync(string[] arguments)
    {
        var count = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 20_000;
        var before = ResidentKilobytes();
        var program = Program();
        Console.WriteLine($"scoring: both models loaded, resident memory grew by {ResidentKilobytes() - before} kB");
        var queries = Queries(count);
        var scorer = new RequestScorer(new PredictionCache());
        var none = new ExclusionProgram([]);
        Pass(queries.AsSpan(0, Math.Min(2_000, count)), r => scorer.Score(program, none, r, new ScoringFacts { Route = "" }));
        var reading = Pass(queries, _ => { });
        var flagged = 0;
        var scoring = Pass(queries, r =>
        {
            if (scorer.Score(program, none, r, new ScoringFacts { Route = "" }).Risk is RiskLevel.Critical) flagged++;
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"scoring: {count} requests of 10 values; reading {reading.MeanMicroseconds:0.0} us CPU a request, with models "
            + $"{scoring.MeanMicroseconds:0.0} us, so models {scoring.MeanMicroseconds - reading.MeanMicroseconds:0.0} us "
            + $"({scoring.MeanMicroseconds / reading.MeanMicroseconds:0.0} times reading); wall p99 "
            + $"{scoring.P99Microseconds:0} us; {flagged} flagged"));
        return Task.FromResult(0);
    }

    private static ScoringProgram Program()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        var packages = Path.Combine(folder.FullName, "models", "packages");
        ModelAssignment Assignment(string family) => new()
        {
            Model = family,
            Baseline = new ModelBlob
            {
                Version = "1.0.0",
                Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(packages, $"{family}-1.0.0.tar"))),
            },
        };
        var policy = new MlPolicy
        {
            Models = [Assignment("gate"), Assignment("payload-cnn")], LatencyBudget = TimeSpan.FromSeconds(1),
        };
        var library = new ModelLibrary(
            [new FolderPackageSource(packages, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, Console.Error.WriteLine), TimeProvider.System);
        library.PrepareAsync(policy, CancellationToken.None).GetAwaiter().GetResult();
        return ScoringProgram.Build(policy, library, null, null);
    }

    private static string[] Queries(int count)
    {
        var random = new Random(1);
        var queries = new string[count];
        for (var i = 0; i < count; i++)
        {
            queries[i] = "/form?" + string.Join('&', Enumerable.Range(0, 10).Select(n => $"field{n}=" + Uri.EscapeDataString(
                string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => Words[random.Next(Words.Length)])))));
        }

        return queries;
    }

    private static (double MeanMicroseconds, double P99Microseconds) Pass(ReadOnlySpan<string> queries, Action<CanonicalRequest> use)
    {
        var times = new double[queries.Length];
        var request = new CanonicalRequest();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < queries.Length; i++)
        {
            var started = Stopwatch.GetTimestamp();
            request.Reset();
            request.Begin("GET", queries[i], "HTTP/1.1");
            request.AddHeader("Host", "shop.example");
            request.EndHeaders();
            request.EndBody();
            use(request);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        var mean = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMicroseconds / queries.Length;
        Array.Sort(times);
        return (mean, times[(int)(times.Length * 0.99)]);
    }

    private static long ResidentKilobytes() => Process.GetCurrentProcess().WorkingSet64 / 1024;
}
