using System.Globalization;
using System.Net;
using System.Text;
using WafOperator.Benchmarks.Matching;
using WafOperator.Engine;
using WafOperator.Engine.Tests.Hostile;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Benchmarks.Engine;

/// <summary>
/// Reader and rules alone, with the installed Core Rule Set: what a request of each shape costs, and the most that a
/// request made to be slow can cost. Times are processor time of the process; of several turns the least counts, which
/// is what a machine that is left alone would show. A second argument picks the requests whose names contain it.
/// </summary>
internal static class EngineBenchmark
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";
    private const string SetUp = "/etc/modsecurity/crs/crs-setup.conf";
    private const double LimitMilliseconds = 50;
    private const int Turns = 3;

    // Enough for the code that only such requests reach to be compiled in full.
    private const int HostileTurns = 8;
    private const int Shown = 20;

    public static Task<int> RunAsync(string[] arguments)
    {
        var requests = arguments is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 10_000;
        var part = arguments is [_, var text, ..] ? text : "";
        if (!Directory.Exists(Rules))
        {
            Console.WriteLine("engine: skipped, the Debian package modsecurity-crs is not installed");
            return Task.FromResult(0);
        }

        var worst = 0.0;
        foreach (var level in new[] { 1, 2, 4 })
        {
            var clock = CpuClock.Start();
            var program = Compile(level);
            Print($"paranoia {level}: compiled in {clock.Milliseconds:0} ms of processor time");
            if (level <= 2) Ordinary(program, requests, part);
            if (level != 2) worst = Math.Max(worst, Hostile(program, part));
        }

        Print($"worst hostile request: {worst:0.0} ms");
        return Task.FromResult(worst < LimitMilliseconds ? 0 : 1);
    }

    private static RuleProgram Compile(int level)
    {
        var text = $"""
            Include {SetUp}
            SecRuleEngine On
            SecAction "id:1,phase:1,nolog,pass,setvar:tx.paranoia_level={level}"
            Include {Rules}/*.conf
            """;
        var parsed = SecLangParser.Parse([SecLangSource.FromText("benchmark", text)],
            new DirectorySourceResolver(Rules, "/etc/modsecurity/crs"));
        return RuleProgram.Compile(parsed.Document).Program!;
    }

    private static void Ordinary(RuleProgram program, int requests, string part)
    {
        var request = new CanonicalRequest();
        foreach (var shape in OrdinaryRequests.All().Where(shape => shape.Name.Contains(part)))
        {
            var count = Math.Max(200, requests / (1 + (shape.Body.Length / 2048)));
            for (var i = 0; i < count; i++) Run(program, shape, request);
            var best = double.MaxValue;
            for (var turn = 0; turn < Turns; turn++)
            {
                var clock = CpuClock.Start();
                for (var i = 0; i < count; i++) Run(program, shape, request);
                best = Math.Min(best, clock.Milliseconds);
            }

            Print($"  {shape.Name,-24}{1000 * best / count,8:0.0} µs {Run(program, shape, request).Steps,9} steps");
        }
    }

    private static double Hostile(RuleProgram program, string part)
    {
        var results = new List<Result>();
        var request = new CanonicalRequest();
        var all = new HostileRequests(HostileRequests.BodyBytesMax).All();
        foreach (var hostile in all.Where(hostile => hostile.Name.Contains(part)))
        {
            var result = new Result(hostile.Name, double.MaxValue, double.MaxValue, default);
            for (var turn = 0; turn < HostileTurns; turn++)
            {
                var clock = CpuClock.Start();
                var outcome = Run(program, hostile, request);
                result = result with { Whole = Math.Min(result.Whole, clock.Milliseconds), Outcome = outcome };
                clock = CpuClock.Start();
                Read(hostile, request);
                request.EndBody();
                request.Reset();
                result = result with { Reading = Math.Min(result.Reading, clock.Milliseconds) };
            }

            results.Add(result);
        }

        foreach (var result in results.OrderByDescending(result => result.Whole).Take(Shown))
            Print($"  {result.ToString()}");
        var dearest = results.Where(result => result.Outcome.Steps > 1e6).Select(result => result.StepNanoseconds);
        var exhausted = results.Count(result => result.Outcome.Exhausted);
        Print($"  {results.Count} hostile requests, {exhausted} exhausted, "
            + $"a step at most {dearest.Append(0).Max():0.00} ns");
        return results.Select(result => result.Whole).Append(0).Max();
    }

    private static void Read(HostileRequest shape, CanonicalRequest request)
    {
        request.Begin(shape.Body.Length > 0 ? "POST"u8 : "GET"u8, Encoding.Latin1.GetBytes(shape.Target), "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        foreach (var (name, value) in OrdinaryRequests.Browser) request.AddHeader(name.AsSpan(), value.AsSpan());
        foreach (var (name, value) in shape.Headers) request.AddHeader(name.AsSpan(), value.AsSpan());
        if (shape.Body.Length > 0)
        {
            request.AddHeader("Content-Type".AsSpan(), shape.ContentType.AsSpan());
            request.AddHeader("Content-Length".AsSpan(), $"{shape.Body.Length}".AsSpan());
        }

        request.EndHeaders();
        request.AppendBody(shape.Body);
    }

    private static Outcome Run(RuleProgram program, HostileRequest shape, CanonicalRequest request)
    {
        Read(shape, request);
        using var transaction = program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, 1));
        transaction.EvaluateRequestHeaders();
        request.EndBody();
        transaction.EvaluateRequestBody();
        transaction.EvaluateLogging();
        var outcome = new Outcome(transaction.Steps, transaction.MatchedRuleIds.Count, transaction.Exhausted,
            transaction.Interruption is not null);
        transaction.Dispose();
        request.Reset();
        return outcome;
    }

    private static void Print(string line) => Console.WriteLine(line);

    private readonly record struct Outcome(long Steps, int Matches, bool Exhausted, bool Blocked);

    /// <summary>Milliseconds for all of it and for reading alone.</summary>
    private sealed record Result(string Name, double Whole, double Reading, Outcome Outcome)
    {
        public double StepNanoseconds => 1e6 * Whole / Outcome.Steps;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Whole,7:0.0} ms (reading {Reading,4:0.0}), {Outcome.Steps / 1e6,5:0.0} M steps, "
            + $"{StepNanoseconds,5:0.00} ns a step, {Outcome.Matches,3} matches, "
            + $"{(Outcome.Exhausted ? "exhausted, " : "")}"
            + $"{(Outcome.Blocked ? "blocked" : "passed")}: {Name}");
    }
}
