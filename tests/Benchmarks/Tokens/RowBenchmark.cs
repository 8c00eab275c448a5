using System.Diagnostics;
using System.Globalization;
using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Benchmarks.Tokens;

/// <summary>
/// What a model of whole requests costs in the sidecar, by the size of a form: CPU time of a request, and wall time of
/// the slowest in a hundred.
/// </summary>
internal static class RowBenchmark
{
    public const string Usage = "PACKAGE [REQUESTS]";

    private static readonly int[] FormBytes = [100, 300, 1_000, 3_000, 10_000];
    private static readonly ExclusionProgram None = new([]);

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var path, .. var rest])
        {
            Console.WriteLine($"rows: nothing measured without {Usage}");
            return 0;
        }

        var count = rest is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 300;
        var program = await ProgramAsync(path);
        var scorer = new RequestScorer(new PredictionCache());
        foreach (var size in FormBytes)
        {
            var request = Form(size);
            var facts = new ScoringFacts { Route = "", WantsExplanation = true };
            var first = scorer.Score(program, None, request, facts);
            var times = new double[count];
            var cpu = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < count; i++)
            {
                var started = Stopwatch.GetTimestamp();
                scorer.Score(program, None, request, new ScoringFacts { Route = "" });
                times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            }

            var mean = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count;
            Array.Sort(times);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"rows: a form of {size} bytes ({first.Outcome}): {mean:0} us CPU a request, wall least {times[0]:0}, "
                + $"median {times[count / 2]:0}, p99 {times[(int)(count * 0.99)]:0} us"));
        }

        return 0;
    }

    private static async Task<ScoringProgram> ProgramAsync(string path)
    {
        var archive = await File.ReadAllBytesAsync(path);
        var digest = ModelPackageReader.DigestOf(archive);
        var reading = ModelPackageReader.Read(archive, digest, PackageLimits.Default);
        var manifest = reading.Package?.Manifest ?? throw new InvalidOperationException(reading.Error);
        var blob = new ModelBlob { Version = manifest.Version, Digest = digest };
        var policy = new MlPolicy
        {
            Models = [new ModelAssignment { Model = manifest.Name, Baseline = blob }],
            LatencyBudget = TimeSpan.FromSeconds(10), UncertainAction = RiskActionKind.Allow,
        };
        var library = new ModelLibrary(
            [new FolderPackageSource(Path.GetDirectoryName(Path.GetFullPath(path))!, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, Console.Error.WriteLine), TimeProvider.System);
        await library.PrepareAsync(policy, CancellationToken.None);
        foreach (var status in library.Statuses().Where(s => s.Message is not null))
            throw new InvalidOperationException(status.Message);
        return ScoringProgram.Build(policy, library, null, null);
    }

    private static CanonicalRequest Form(int size)
    {
        var body = new StringBuilder();
        for (var i = 0; body.Length < size; i++)
            body.Append(CultureInfo.InvariantCulture, $"field{i}=apples,+pears+(and)+plums+for+O'Brien,+{i}00+g&");
        var request = new CanonicalRequest();
        request.Begin("POST", "/orders", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Content-Type", "application/x-www-form-urlencoded");
        request.EndHeaders();
        request.AppendBody(Encoding.UTF8.GetBytes(body.ToString(0, size)));
        request.EndBody();
        return request;
    }
}
