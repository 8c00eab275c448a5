using WafOperator.Benchmarks.Admission;
using WafOperator.Benchmarks.Behaviour;
using WafOperator.Benchmarks.Detection;
using WafOperator.Benchmarks.Engine;
using WafOperator.Benchmarks.Judging;
using WafOperator.Benchmarks.Load;
using WafOperator.Benchmarks.Matching;
using WafOperator.Benchmarks.Peers;
using WafOperator.Benchmarks.Pool;
using WafOperator.Benchmarks.Proxy;
using WafOperator.Benchmarks.Schemas;
using WafOperator.Benchmarks.Scoring;
using WafOperator.Benchmarks.Telemetry;
using WafOperator.Benchmarks.Tokens;

// Helpers of the proxy benchmark run as processes of their own, so that each is measured alone.
if (args is ["proxy-part", var part, .. var settings]) return await ProxyPart.RunAsync(part, settings);

// Each entry: name, what it measures, and how it is run. "all" runs every one with its defaults.
(string Name, string What, Func<string[], Task<int>> Run)[] benchmarks =
[
    ("matching", "literal filter and regex engine over the Core Rule Set, beside .NET's [rounds]",
        MatchingBenchmark.RunAsync),
    ("engine", "reader and rules of CRS on ordinary requests, and the slowest of hostile ones [requests]",
        EngineBenchmark.RunAsync),
    ("proxy", "bare YARP, sidecar Off and Enforce with CRS: cost of a request " + ProxyBenchmark.Usage,
        ProxyBenchmark.RunAsync),
    ("peers", $"the sidecar beside nginx with ModSecurity 3 and the same CRS {PeerOptions.Usage}",
        PeerBenchmark.RunAsync),
    ("admission", "pods through the mutating webhook over loopback HTTP [requests]", AdmissionBenchmark.RunAsync),
    ("detection", "rules and models over labelled requests, models without the source in question [rules|together ...]",
        DetectionBenchmark.RunAsync),
    ("pool", "the inference server: latency, and throughput by batch window " + PoolOptions.Usage,
        PoolBenchmark.RunAsync),
    ("slow-clients", "what slow clients cost the sidecar and others " + SlowClientBenchmark.Usage,
        SlowClientBenchmark.RunAsync),
    ("behaviour", "history, limits and features of clients; a flood of keys [keys]", BehaviourBenchmark.RunAsync),
    ("schemas", "reading an OpenAPI document, and comparing requests with it [requests]", SchemaBenchmark.RunAsync),
    ("scoring", "CPU time of the models for a benign request of ten values [requests]", ScoringBenchmark.RunAsync),
    ("tokens", "values cut into subwords, by the kilobyte " + TokenBenchmark.Usage, TokenBenchmark.RunAsync),
    ("rows", "whole requests read by a transformer in the sidecar " + RowBenchmark.Usage, RowBenchmark.RunAsync),
    ("judging", "requests judged in memory and by a sidecar: differences, time " + JudgingBenchmark.Usage,
        JudgingBenchmark.RunAsync),
    ("metrics", "what counting costs, beside a plain increment [records]", MetricBenchmark.RunAsync),
];

if (args is [var name, .. var rest])
{
    var chosen = benchmarks.Where(benchmark => name == "all" || benchmark.Name == name).ToList();
    foreach (var benchmark in chosen)
        if (await benchmark.Run(rest) is not 0 and var code) return code;
    if (chosen.Count > 0) return 0;
}
Console.Error.WriteLine("usage: dotnet run -c Release --project tests/Benchmarks -- all|NAME [ARGUMENTS]");
foreach (var benchmark in benchmarks) Console.Error.WriteLine($"  {benchmark.Name,-12} {benchmark.What}");
return 2;
