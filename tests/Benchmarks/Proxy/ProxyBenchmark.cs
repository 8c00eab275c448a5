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

    /// <summary>Bytes of a request that take about as long to pass on as a short request does.</summary>
    private const int BytesWorthARequest = 8 * 1024;

    public const string Usage = "[requests] [--shape TEXT] [--modes Off,Enforce] [another waf-sidecar.dll ...]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var requests = 20_000;
        var shape = "";
        string[] modes = ["Off", "Enforce"];
        List<string> programs = [Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll")];
        for (var i = 0; i < arguments.Length; i++)
        {
            if (int.TryParse(arguments[i], CultureInfo.InvariantCulture, out var count)) requests = count;
            else if (arguments[i] == "--shape" && i + 1 < arguments.Length) shape = arguments[++i];
            else if (arguments[i] == "--modes" && i + 1 < arguments.Length) modes = arguments[++i].Split(',');
            else programs.Add(arguments[i]);
        }

        var shapes = TrafficShape.All
            .Where(known => known.Name.Contains(shape, StringComparison.OrdinalIgnoreCase)).ToList();
        if (!Directory.Exists(Contenders.Rules))
        {
            await Console.Error.WriteLineAsync("proxy: install Debian's modsecurity-crs first");
            return 3;
        }

        var scratch = Directory.CreateTempSubdirectory("waf-proxy-");
        try
        {
            await CompareAsync(
                requests, shapes, [.. programs.SelectMany(program => modes.Select(mode => (program, mode)))],
                scratch.FullName);
            return 0;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task CompareAsync(
        int requests, List<TrafficShape> shapes, List<(string Program, string Mode)> sidecars, string scratch)
    {
        var port = Contenders.FreePort();
        using var application = await MeasuredProcess.StartDotnetAsync(
            port, typeof(ProxyBenchmark).Assembly.Location, "proxy-part", "application", $"{port}");
        var contenders = new Contenders(scratch, $"http://127.0.0.1:{port}");
        List<MeasuredProcess> proxies = [await contenders.YarpAsync()];
        foreach (var (program, mode) in sidecars) proxies.Add(await contenders.SidecarAsync(program, mode, 1));

        try
        {
            var unit = MeasuredProcess.CountsInstructions ? "thousands of instructions" : "µs of processor time";
            Console.WriteLine($"{Rounds} rounds of {requests} requests (fewer of long ones) over {Connections} "
                + $"connections; {unit} per request: median, and the ratio to bare YARP with its quartiles");
            Console.WriteLine($"{"",-30}{"bare YARP",10}" + string.Concat(
                sidecars.Select(static sidecar => $"{sidecar.Mode,10}{"ratio",24}")));
            var driver = new LoadDriver(Connections);
            foreach (var shape in shapes)
                Console.WriteLine(Line(shape.Name, Measure(driver, proxies, shape, Count(shape, requests))));
            Console.WriteLine("resident memory, MB: "
                + string.Join(", ", proxies.Select(static proxy => proxy.ResidentBytes >> 20)));
        }
        finally
        {
            foreach (var proxy in proxies) proxy.Dispose();
        }
    }

    /// <summary>Fewer of the long ones, so that each shape is measured for about as long.</summary>
    private static int Count(TrafficShape shape, int requests) =>
        Math.Max(Connections, requests / (1 + shape.Requests[0].Length / BytesWorthARequest));

    /// <summary>Costs by proxy and round.</summary>
    private static double[][] Measure(
        LoadDriver driver, List<MeasuredProcess> proxies, TrafficShape shape, int requests)
    {
        foreach (var proxy in proxies)
        {
            var statuses = driver.Send(proxy.Port, shape.Requests, Math.Min(WarmUpRequests, 3 * requests));
            if (statuses.Keys.Any(status => status != 200 && !(shape.IsAttack && status == 403)))
            {
                throw new InvalidOperationException(
                    $"{shape.Name}: answers {string.Join(", ", statuses)}, 200 is wanted");
            }
        }

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

    /// <summary>Bare YARP, then each sidecar with its ratio.</summary>
    private static string Line(string name, double[][] costs)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{name,-30}{At(costs[0], 0.5),10:0.0}");
        for (var i = 1; i < costs.Length; i++)
        {
            double[] ratios = [.. costs[i].Zip(costs[0], static (ours, bare) => ours / bare)];
            var ratio = string.Create(CultureInfo.InvariantCulture,
                $"{At(ratios, 0.5):0.000} ({At(ratios, 0.25):0.000} to {At(ratios, 0.75):0.000})");
            line.Append(CultureInfo.InvariantCulture, $"{At(costs[i], 0.5),10:0.0}{ratio,24}");
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
