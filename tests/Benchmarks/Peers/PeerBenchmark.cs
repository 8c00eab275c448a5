using System.Diagnostics;
using WafOperator.Benchmarks.Load;

namespace WafOperator.Benchmarks.Peers;

/// <summary>
/// Processor time of a request in our sidecar and in nginx with ModSecurity 3, both with Debian's OWASP CRS in force,
/// over the same traffic, beside both proxies without any rules. Rounds of all proxies take turns, so that a change of
/// the machine's load meets all of them.
/// </summary>
internal static class PeerBenchmark
{
    private const string Ours = "sidecar Enforce";
    private const string Peer = "nginx + ModSecurity";
    private const int CompiledAfterRequests = 20_000;
    private const double WarmUpSecondsMax = 20;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (PeerOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync($"peers: usage: peers {PeerOptions.Usage}");
            return 2;
        }

        if (Nginx.Missing() is { } missing)
        {
            await Console.Error.WriteLineAsync(
                $"peers: {missing} is missing; tests/Benchmarks/compare-modsecurity installs what is needed");
            return 3;
        }

        var scratch = Directory.CreateTempSubdirectory("waf-peers-");
        try
        {
            return await CompareAsync(options, scratch.FullName);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<int> CompareAsync(PeerOptions options, string scratch)
    {
        var started = Machine.Load();
        var nginx = new Nginx(scratch);
        var port = Contenders.FreePort();
        using var application = await nginx.ApplicationAsync(port);
        var contenders = new Contenders(scratch, $"http://127.0.0.1:{port}");
        var proxies = new List<Proxy>();
        try
        {
            Step("starting the proxies");
            proxies.Add(new("nginx alone", null, await nginx.ProxyAsync(port)));
            proxies.Add(new("bare YARP", null, await contenders.YarpAsync()));
            proxies.Add(new("sidecar Off", null, await contenders.SidecarAsync(options.Sidecar, "Off", 1)));
            foreach (var level in options.Paranoia)
            {
                proxies.Add(new(Peer, level, await nginx.ModSecurityAsync(port, level)));
                proxies.Add(new(Ours, level, await contenders.SidecarAsync(options.Sidecar, "Enforce", level)));
            }

            var results = new List<Measurement>();
            foreach (var shape in TrafficShape.All.Where(s => s.Name.Contains(options.Shape, StringComparison.Ordinal)))
                results.AddRange(MeasureShape(shape, proxies, options));
            var table = new PeerTable(results, Peer, Ours, options, started, proxies.ToDictionary(
                static proxy => proxy.Title, static proxy => proxy.Process.ResidentBytes));
            Console.WriteLine(table.Text());
            if (options.Write is { } file) table.WriteInto(file);
            return 0;
        }
        finally
        {
            foreach (var proxy in proxies) proxy.Process.Dispose();
        }
    }

    private static List<Measurement> MeasureShape(TrafficShape shape, List<Proxy> proxies, PeerOptions options)
    {
        Step($"{shape.Name}: warming up");
        var driver = new LoadDriver(options.Connections);
        var counts = proxies.ConvertAll(proxy => WarmUp(driver, proxy, shape, options));
        var results = proxies.ConvertAll(proxy => new Measurement(shape.Name, proxy.Paranoia, proxy.Name));
        for (var round = 0; round < options.Rounds; round++)
        {
            Step($"{shape.Name}: round {round + 1} of {options.Rounds}");
            for (var i = 0; i < proxies.Count; i++)
            {
                // Forwards and backwards in turn: nobody always comes behind the same neighbour.
                var at = round % 2 == 0 ? i : proxies.Count - 1 - i;
                var spent = proxies[at].Process.Measure(() =>
                    driver.Send(proxies[at].Process.Port, shape.Requests, counts[at]));
                results[at].Add(spent, counts[at]);
            }
        }

        foreach (var result in results) Step($"  {result.Proxy,-20}{result.Paranoia,2}  {result}");
        return results;
    }

    /// <summary>
    /// Sends until caches are full and, in the .NET programs, code is compiled for good; returns how many requests make
    /// one measurement. Counted in the proxy's own time, which other load on the machine does not lengthen.
    /// </summary>
    private static int WarmUp(LoadDriver driver, Proxy proxy, TrafficShape shape, PeerOptions options)
    {
        var watch = Stopwatch.StartNew();
        var wanted = proxy.IsCompiledLate ? CompiledAfterRequests : 0;
        var count = Math.Max(options.Connections, shape.Requests.Count);
        for (var sent = 0; ; sent += count)
        {
            var cost = proxy.Process.Measure(() =>
                Check(shape, proxy, driver.Send(proxy.Process.Port, shape.Requests, count)));
            var spent = Math.Max(cost.Cpu.TotalSeconds, 0.01);
            var next = count / spent * options.Seconds;
            var isWarm = sent >= wanted || watch.Elapsed.TotalSeconds > WarmUpSecondsMax;
            if (isWarm && watch.Elapsed.TotalSeconds > options.Seconds && spent > options.Seconds / 4)
                return Math.Max(shape.Requests.Count, (int)next);
            count = (int)Math.Clamp(next / 2, shape.Requests.Count, 4.0 * count);
        }
    }

    /// <summary>A comparison of costs is worth nothing where one side does not do the work.</summary>
    private static void Check(TrafficShape shape, Proxy proxy, Dictionary<int, int> statuses)
    {
        var isGuarded = proxy.Paranoia is not null;
        var expected = shape.IsAttack && isGuarded ? 403 : 200;
        if (statuses.Keys.All(status => status == expected)) return;
        var seen = string.Join(", ", statuses.Select(static pair => $"{pair.Value} times {pair.Key}"));
        throw new InvalidOperationException($"{proxy.Title} answered {shape.Name} with {seen} instead of {expected}");
    }

    private static void Step(string text) => Console.Error.WriteLine(text);

    private sealed record Proxy(string Name, int? Paranoia, MeasuredProcess Process)
    {
        /// <summary>.NET compiles what is used often a second time, in the background.</summary>
        public bool IsCompiledLate => !Name.StartsWith("nginx", StringComparison.Ordinal);

        public string Title => Paranoia is { } level ? $"{Name}, paranoia {level}" : Name;
    }
}
