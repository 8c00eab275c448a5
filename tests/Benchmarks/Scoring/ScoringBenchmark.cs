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
/// CPU time of the models for one benign request of ten values: reading it (the reference), then reading and scoring it
/// with each release in packages. Every request is different, so the prediction cache does not help.
/// </summary>
internal static class ScoringBenchmark
{
    private static readonly string[] Words =
    [
        "green", "tea", "order", "please", "deliver", "to", "the", "back", "door", "before", "noon", "O'Brien",
        "select", "from", "list", "union", "script", "drop", "café", "100%", "item", "and", "or", "update", "my",
        "address", "street", "12a", "berlin", "https://shop.example/a?b=c", "name@mail.example", "2026-11-22", "it's",
        "rock", "&", "roll", "<3", "C++", "script.js",
    ];

    private const int Rounds = 3;

    public static Task<int> RunAsync(string[] arguments)
    {
        var count = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 20_000;
        var queries = Queries(count);
        var reading = double.MaxValue;
        var scored = Packages().Select(version => new Scored(version)).ToList();
        foreach (var one in scored) one.Pass(queries.AsSpan(0, Math.Min(2_000, count)));
        for (var round = 0; round < Rounds; round++)
        {
            reading = Math.Min(reading, Pass(queries, _ => { }).MeanMicroseconds);
            foreach (var one in scored) one.Pass(queries);
        }

        foreach (var one in scored)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"scoring: {count} requests of 10 values, least of {Rounds} rounds; reading {reading:0.0} us CPU a "
                + $"request, with models {one.Version} {one.Mean:0.0} us, so models {one.Mean - reading:0.0} us, "
                + $"{one.Mean / scored[0].Mean:0.00} of {scored[0].Version}; wall p99 {one.Slowest:0} us; "
                + $"{one.Flagged} flagged"));
        }

        return Task.FromResult(0);
    }

    /// <summary>Gate and network of a release, and what they cost at best.</summary>
    private sealed class Scored(string version)
    {
        private static readonly ExclusionProgram None = new([]);

        private readonly ScoringProgram _program = Program(version);
        private readonly RequestScorer _scorer = new(new PredictionCache());

        public string Version => version;

        public double Mean { get; private set; } = double.MaxValue;

        public double Slowest { get; private set; } = double.MaxValue;

        public int Flagged { get; private set; }

        public void Pass(ReadOnlySpan<string> queries)
        {
            var flagged = 0;
            var (mean, slowest) = ScoringBenchmark.Pass(queries, r =>
            {
                var result = _scorer.Score(_program, None, r, new ScoringFacts { Route = "" });
                if (result.Risk is RiskLevel.Critical) flagged++;
            });
            (Mean, Slowest, Flagged) = (Math.Min(Mean, mean), Math.Min(Slowest, slowest), flagged);
        }
    }

    /// <summary>Versions of which both models are released, oldest first.</summary>
    private static IEnumerable<string> Packages() =>
        Directory.EnumerateFiles(Folder(), "payload-cnn-*.tar").Order(StringComparer.Ordinal)
            .Select(path => Path.GetFileNameWithoutExtension(path)["payload-cnn-".Length..])
            .Where(version => File.Exists(Path.Combine(Folder(), $"gate-{version}.tar")));

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }

    private static ScoringProgram Program(string version)
    {
        var packages = Folder();
        ModelAssignment Assignment(string family) => new()
        {
            Model = family,
            Baseline = new ModelBlob
            {
                Version = version,
                Digest = ModelPackageReader.DigestOf(
                    File.ReadAllBytes(Path.Combine(packages, $"{family}-{version}.tar"))),
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
            var fields = Enumerable.Range(0, 10).Select(n => $"field{n}=" + Uri.EscapeDataString(Text(random)));
            queries[i] = "/form?" + string.Join('&', fields);
        }

        return queries;
    }

    private static string Text(Random random) =>
        string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => Words[random.Next(Words.Length)]));

    private static (double MeanMicroseconds, double P99Microseconds) Pass(
        ReadOnlySpan<string> queries, Action<CanonicalRequest> use)
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
}
