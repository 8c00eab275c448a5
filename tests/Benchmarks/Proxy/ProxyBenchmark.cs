using System.Globalization;
using System.Text;
using WafOperator.Benchmarks.Load;

namespace WafOperator.Benchmarks.Proxy;

/// <summary>
/// What a request costs in each proxy, in processor time and instructions of the proxy's process, all in one run over
/// the same application: bare YARP, the sidecar in mode Off, and the sidecar in Enforce with OWASP CRS at paranoia 1.
/// Rounds take turns, forwards and backwards, so that a change of the machine's load meets all of them; a ratio is
/// the median of the ratios of rounds that were neighbours.
/// </summary>
internal static class ProxyBenchmark
{
    private const int Connections = 8;
    private const int Rounds = 8;

    /// <summary>Requests before anything is measured: code is compiled for good after some ten thousand.</summary>
    private const int WarmUpRequests = 60_000;

    private static readonly string[] Shapes = ["GET", "form", "11 leaves", "250 leaves", "attack"];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var requests = arguments is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 20_000;
        string[] programs = [Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll"), .. arguments.Skip(1)];
        if (!Directory.Exists(Contenders.Rules))
        {
            await Console.Error.WriteLineAsync("proxy: install Debian's modsecurity-crs first");
            return 3;
        }

        var scratch = Directory.CreateTempSubdirectory("waf-proxy-");
        try
        {
            await CompareAsync(requests, programs, scratch.FullName);
            return 0;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task CompareAsync(int requests, string[] programs, string scratch)
    {
        var port = Contenders.FreePort();
        using var application = await MeasuredProcess.StartDotnetAsync(
            port, typeof(ProxyBenchmark).Assembly.Location, "proxy-part", "application", $"{port}");
        var contenders = new Contenders(scratch, $"http://127.0.0.1:{port}");
        List<MeasuredProcess> proxies = [await contenders.YarpAsync()];
        foreach (var program in programs)
        {
            proxies.Add(await contenders.SidecarAsync(program, "Off", 1));
            proxies.Add(await contenders.SidecarAsync(program, "Enforce", 1));
        }

        try
        {
            var unit = MeasuredProcess.CountsInstructions ? "thousands of instructions" : "µs of processor time";
            Console.WriteLine($"{Rounds} rounds of {requests} requests over {Connections} connections; {unit} per "
                + "request: median, and for Off the ratio to bare YARP with its quartiles");
            var builds = string.Concat(programs.Select(static _ => $"{"Off",10}{"Off/bare",24}{"Enforce",12}"));
            Console.WriteLine($"{"",-24}{"bare YARP",12}{builds}");
            var driver = new LoadDriver(Connections);
            foreach (var shape in Shapes.Select(name => TrafficShape.All.First(shape => shape.Name.Contains(name))))
                Console.WriteLine(Line(shape.Name, Measure(driver, proxies, shape, requests)));
            Console.WriteLine("resident memory, MB: "
                + string.Join(", ", proxies.Select(static proxy => proxy.ResidentBytes >> 20)));
        }
        finally
        {
            foreach (var proxy in proxies) proxy.Dispose();
        }
    }

    /// <summary>Costs by proxy and round.</summary>
    private static double[][] Measure(
        LoadDriver driver, List<MeasuredProcess> proxies, TrafficShape shape, int requests)
    {
        foreach (var proxy in proxies) driver.Send(proxy.Port, shape.Requests, Math.Min(WarmUpRequests, 3 * requests));
        var costs = proxies.Select(static _ => new double[Rounds]).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < proxies.Count; i++)
            {
                var at = round % 2 == 0 ? i : proxies.Count - 1 - i;
                var spent = proxies[at].Measure(() => driver.Send(proxies[at].Port, shape.Requests, requests));
                costs[at][round] = (spent.Instructions / 1000d ?? spent.Cpu.TotalMicroseconds) / requests;
            }
        }

        return costs;
    }

    /// <summary>Bare YARP, then Off and Enforce of each build.</summary>
    private static string Line(string name, double[][] costs)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{name,-24}{At(costs[0], 0.5),12:0.0}");
        for (var i = 1; i < costs.Length; i += 2)
        {
            double[] ratios = [.. costs[i].Zip(costs[0], static (off, bare) => off / bare)];
            var ratio = string.Create(CultureInfo.InvariantCulture,
                $"{At(ratios, 0.5):0.000} ({At(ratios, 0.25):0.000} to {At(ratios, 0.75):0.000})");
            line.Append(CultureInfo.InvariantCulture,
                $"{At(costs[i], 0.5),10:0.0}{ratio,24}{At(costs[i + 1], 0.5),12:0.0}");
        }

        return line.ToString();
    }

    /// <summary>A quantile of values, between its neighbours where it falls between two.</summary>
    private static double At(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        var position = quantile * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
