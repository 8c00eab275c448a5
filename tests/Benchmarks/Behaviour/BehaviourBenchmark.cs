using System.Globalization;
using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.History;
using WafOperator.Behaviour.Keys;
using WafOperator.Behaviour.Limits;
using WafOperator.Benchmarks.Matching;
using WafOperator.Http;

namespace WafOperator.Benchmarks.Behaviour;

/// <summary>
/// What remembering clients costs: CPU time and garbage of one request, memory of 100,000 clients, and who is left
/// after a flood of ten million keys.
/// </summary>
internal static class BehaviourBenchmark
{
    private const int Clients = 100_000;

    public static Task<int> RunAsync(string[] args)
    {
        var keys = args is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 10_000_000;
        Memory();
        Flood(keys);
        Rates(keys / 10);
        Features(Math.Max(1, keys / 200));
        return Task.FromResult(0);
    }

    private static void Memory()
    {
        var before = GC.GetTotalMemory(true);
        var history = new ClientHistory(Clients);
        for (var i = 0; i < Clients; i++)
        {
            for (var n = 0; n < 3; n++)
                history.Add(Key(i), new Observation { Route = n, Status = 200 }, 0, i * 10L + n);
        }

        var bytes = GC.GetTotalMemory(true) - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"history   {Clients:n0} clients: {bytes / 1048576.0:0.0} MiB, {Clients - history.Evicted:n0} remembered"));
        GC.KeepAlive(history);
    }

    /// <summary>1,000 suspects and 1,000 long-known clients, then the keys, one request each.</summary>
    private static void Flood(int keys)
    {
        var history = new ClientHistory(Clients);
        for (var i = 0; i < 1000; i++) history.Add(Key(i), default, 200, 0);
        for (var round = 0; round < 12; round++)
        {
            for (var i = 1000; i < 2000; i++) history.Add(Key(i), default, 0, round * 60_000L);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = CpuClock.Start();
        for (var i = 0; i < keys; i++) history.Add(Key(1_000_000 + i), default, 0, 720_000 + i / 100);
        var nanoseconds = cpu.Milliseconds * 1e6 / keys;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var suspects = Enumerable.Range(0, 1000).Count(i => history.TryRead(Key(i), out _));
        var known = Enumerable.Range(1000, 1000).Count(i => history.TryRead(Key(i), out _));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"flood     {keys:n0} keys: {nanoseconds:0} ns and {allocated / keys} bytes a request; "
            + $"{suspects} of 1000 suspects and {known} of 1000 known clients are left"));
    }

    private static void Rates(int keys)
    {
        var table = new RateTable(100, 60_000, 100, 16_384);
        var distinct = new DistinctTable(50, 3_600_000, 16_384);
        var cpu = CpuClock.Start();
        for (var i = 0; i < keys; i++) table.Take(Key(i % 50_000), i / 100);
        var rate = cpu.Milliseconds * 1e6 / keys;
        cpu = CpuClock.Start();
        for (var i = 0; i < keys; i++) distinct.Add(Key(i % 50_000), Key(i % 77), i / 100);
        var values = cpu.Milliseconds * 1e6 / keys;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"limits    a rate {rate:0} ns, distinct values {values:0} ns a request, the key's hash included"));
    }

    private static void Features(int requests)
    {
        var request = Request();
        var context = new FeatureContext();
        var history = new ClientHistory(100);
        for (var i = 0; i < 60; i++) history.Add(Key(1), new Observation { Route = i % 7, Status = 200 }, 0, i * 700);
        history.TryRead(Key(1), out var record);
        var output = new float[FeaturePlan.Everything.Count];
        Once();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = CpuClock.Start();
        for (var i = 0; i < requests; i++) Once();
        var all = cpu.Milliseconds * 1e3 / requests;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        cpu = CpuClock.Start();
        for (var i = 0; i < requests; i++) context.Shape.Read(request);
        var shape = cpu.Milliseconds * 1e3 / requests;
        cpu = CpuClock.Start();
        for (var i = 0; i < requests; i++) context.Take(record, default);
        var ring = cpu.Milliseconds * 1e3 / requests;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"features  all {FeaturePlan.Everything.Count}: {all:0.0} µs and {allocated / requests} bytes a request; "
            + $"of that the request's text {shape:0.0} µs, the client's 50 requests {ring:0.0} µs"));

        void Once()
        {
            context.Shape.Read(request);
            context.Take(record, default);
            FeaturePlan.Everything.Compute(context, output);
        }
    }

    private static CanonicalRequest Request()
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/orders/42/lines?page=2&sort=price&q=running+shoes", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        request.AddHeader("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        request.AddHeader("Accept-Language", "en-US,en;q=0.5");
        request.AddHeader("Accept-Encoding", "gzip, deflate, br, zstd");
        request.AddHeader("Referer", "https://shop.example/orders");
        request.AddHeader("Cookie", "sid=7f3a1c9e2b; theme=dark; consent=1");
        request.AddHeader("Sec-Fetch-Mode", "navigate");
        request.EndHeaders();
        request.EndBody();
        return request;
    }

    private static UInt128 Key(int client) => ClientKeys.Of((UInt128)client);
}
