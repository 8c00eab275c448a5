using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using WafOperator.Benchmarks.Load;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Judging;
using WafOperator.Recordings;

namespace WafOperator.Benchmarks.Judging;

/// <summary>
/// Recorded requests, judged in this process and by a sidecar on a socket with the same policy: whether both decide
/// alike, and what a judgement takes.
/// </summary>
internal static class JudgingBenchmark
{
    public const string Usage = "[requests FILE.jsonl[.gz]...]";

    private const int ShownMax = 5;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (!Directory.Exists(Contenders.Rules))
        {
            Console.WriteLine("judging: skipped, the Debian package modsecurity-crs is not installed");
            return 0;
        }

        var count = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000;
        var requests = Requests(arguments.Skip(1).ToList(), count);
        var policy = Policy();
        await using var judge = await RequestJudge.StartAsync(
            policy, new JudgeOptions { RulesDirectory = Contenders.Rules, ModelsDirectory = Packages() }, default);
        await using var sidecar = await PlainSidecar.StartAsync(policy, Contenders.Rules, Packages());
        foreach (var request in requests.Take(200))
            await judge.JudgeAsync(RequestBytes.Of(request), IPAddress.Loopback, default);

        var (different, undecided, blocked) = (0, 0, 0);
        var took = new List<double>(requests.Count);
        foreach (var request in requests)
        {
            var bytes = RequestBytes.Of(request);
            var started = Stopwatch.GetTimestamp();
            var judged = await judge.JudgeAsync(bytes, IPAddress.Loopback, default);
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            var (status, decided) = await sidecar.SendAsync(bytes);
            if (judged.Verdict is not VerdictKind.Allow) blocked++;
            if (decided is null || judged.Decision is null) undecided++;
            var isSame = decided is null || judged.Decision is null
                ? (decided is null) == (judged.Decision is null) && status == judged.Status
                : Essence(decided) == Essence(judged.Decision);
            if (isSame) continue;
            if (different++ < ShownMax)
            {
                Console.WriteLine($"judging: {request.Method} {request.Target}\n  sidecar {Short(decided)}\n"
                    + $"  judge   {Short(judged.Decision)}");
            }
        }

        took.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"judging: {requests.Count} requests, {blocked} blocked, {undecided} refused before a decision; decided "
            + $"otherwise than by a sidecar: {different}; a judgement takes {took[took.Count / 2]:0.00} ms (p50), "
            + $"{took[took.Count * 99 / 100]:0.00} ms (p99); load {Peers.Machine.Load():0.0}"));
        return different == 0 ? 0 : 1;
    }

    private static string Short(SecurityEvent? e) => e is null ? "none" : Essence(e);

    /// <summary>What must be equal: all but id, time, pod, revision and how long it took.</summary>
    private static string Essence(SecurityEvent e) => JsonSerializer.Serialize(
        e with
        {
            Id = "", Time = default, Pod = null, Revision = "", InspectionMicroseconds = 0,
            Models = [.. e.Models.Select(model => model with { Microseconds = 0 })],
        },
        ProtocolJson.Default.SecurityEvent);

    /// <summary>Requests from all over the files; without files, ordinary ones and attacks in turn.</summary>
    private static List<RecordedRequest> Requests(List<string> files, int count)
    {
        if (files.Count == 0) return [.. Enumerable.Range(0, count).Select(Ordinary)];
        var perFile = count / files.Count;
        return
        [
            .. files.SelectMany(file =>
            {
                var all = Read(file);
                var step = Math.Max(1, all.Count / perFile);
                return all.Where((_, i) => i % step == 0).Take(perFile);
            }),
        ];
    }

    private static List<RecordedRequest> Read(string file)
    {
        using var stream = File.OpenRead(file);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        return [.. Recording.Read(plain, new RecordingProblems())];
    }

    private static RecordedRequest Ordinary(int i) => new(
        i, "GET", i % 4 == 0 ? $"/?id={i}'+UNION+SELECT+password+FROM+users--" : $"/shop/items/{i}?q=green+tea+{i}")
    {
        Headers = [("Host", "shop.example"), ("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")],
    };

    private static PolicyDocument Policy() => PolicyRevision.Seal(new PolicyDocument
    {
        Namespace = "shop",
        Name = "front",
        Mode = InspectionMode.Enforce,
        Decision = DecisionKind.Joint,
        Rules = new RulePolicy { Sources = [new RuleSource { Name = "owasp-crs", RuleSet = "owasp-crs" }] },
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        Ml = new MlPolicy
        {
            Mode = InspectionMode.Enforce,
            Models = [Assignment("gate"), Assignment("payload-cnn")],
            MediumAction = RiskActionKind.Block,
            // The request decides, not the machine's load.
            LatencyBudget = TimeSpan.FromSeconds(30),
        },
    });

    private static ModelAssignment Assignment(string family)
    {
        var version = Directory.EnumerateFiles(Packages(), $"{family}-*.tar")
            .Max(file => Version.Parse(Path.GetFileNameWithoutExtension(file)[(family.Length + 1)..]))!.ToString();
        var archive = File.ReadAllBytes(Path.Combine(Packages(), $"{family}-{version}.tar"));
        return new ModelAssignment
        {
            Model = family,
            Baseline = new ModelBlob { Version = version, Digest = ModelPackageReader.DigestOf(archive) },
        };
    }

    private static string Packages() => Path.Combine(AppContext.BaseDirectory, "packages");
}
