using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Benchmarks.Proxy;

/// <summary>
/// What a request costs in each proxy, in processor time and instructions of the proxy's process, all in one run over
/// the same application: bare YARP, the sidecar in mode Off, and the sidecar in Enforce with OWASP CRS at paranoia 1.
/// </summary>
internal static class ProxyBenchmark
{
    private const int Connections = 8;
    private const int WarmUpRequests = 20_000;
    private const string Rules = "/usr/share/modsecurity-crs";

    private static readonly (string Name, byte[] Request)[] Shapes =
    [
        ("GET, 3 parameters", Get("/products?category=tea&page=2&sort=price")),
        ("form 2 KB", Post("application/x-www-form-urlencoded", Form(2048))),
        ("JSON 4 KB, 11 leaves", Post("application/json", Json(11, 340))),
        ("JSON 4 KB, 250 leaves", Post("application/json", Json(250, 4))),
        ("attack", Get("/products?id=1%27%20UNION%20SELECT%20name%2Cpassword%20FROM%20users--%20-")),
    ];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var requests = arguments is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 20_000;
        var self = typeof(ProxyBenchmark).Assembly.Location;
        var host = Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll");
        var (app, bare, off, enforce) = (Free(), Free(), Free(), Free());
        var upstream = $"http://127.0.0.1:{app}";
        using var application = await MeasuredProcess.StartAsync(app, self, "proxy-part", "application", $"{app}");
        using var yarp = await MeasuredProcess.StartAsync(bare, self, "proxy-part", "yarp", $"{bare}", upstream);
        using var passing = await MeasuredProcess.StartAsync(
            off, host, "--policy", Policy("Off"), "--upstream", upstream, "--listen", $"http://127.0.0.1:{off}");
        MeasuredProcess? inspecting = Directory.Exists(Rules)
            ? await MeasuredProcess.StartAsync(
                enforce, host, "--policy", Policy("Enforce"), "--upstream", upstream,
                "--listen", $"http://127.0.0.1:{enforce}",
                "--rules", Rules)
            : null;
        using var _ = inspecting;

        Console.WriteLine($"{requests} requests each over {Connections} connections; "
            + "thousands of instructions (µs of processor time) per request");
        Console.WriteLine($"{"",-24}{"bare YARP",20}{"Off",20}{"Off/bare",10}{"Enforce + CRS",22}");
        foreach (var (name, request) in Shapes)
        {
            var first = await CostAsync(yarp, request, requests);
            var second = await CostAsync(passing, request, requests);
            // Twice in turn, so that a change of the machine's load meets both.
            first = Least(first, await CostAsync(yarp, request, requests));
            second = Least(second, await CostAsync(passing, request, requests));
            Cost? third = inspecting is null ? null : await CostAsync(inspecting, request, requests);
            Console.WriteLine($"{name,-24}{first,20}{second,20}{second.To(first),10:0.000}{third,22}");
        }

        Console.WriteLine($"resident memory: YARP {yarp.ResidentBytes >> 20} MB, Off {passing.ResidentBytes >> 20} MB, "
            + $"Enforce {inspecting?.ResidentBytes >> 20} MB");
        return 0;
    }

    private static Cost Least(Cost one, Cost other) => one.Measure <= other.Measure ? one : other;

    private static async Task<Cost> CostAsync(MeasuredProcess process, byte[] request, int requests)
    {
        await SendAsync(process.Port, request, Math.Min(WarmUpRequests, requests));
        var (cpu, instructions) = await process.MeasureAsync(() => SendAsync(process.Port, request, requests));
        return new Cost(instructions / 1000d / requests, cpu.TotalMicroseconds / requests);
    }

    /// <summary>Sends requests over keep-alive connections, one at a time on each.</summary>
    private static Task SendAsync(int port, byte[] request, int requests) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(IPAddress.Loopback, port);
            var stream = client.GetStream();
            var buffer = new byte[16 * 1024];
            for (var i = 0; i < requests / Connections; i++)
            {
                await stream.WriteAsync(request);
                await ReadAnswerAsync(stream, buffer);
            }
        })));

    private static async Task ReadAnswerAsync(NetworkStream stream, byte[] buffer)
    {
        var length = 0;
        var total = int.MaxValue;
        while (length < total)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(length));
            if (count == 0) throw new IOException("the proxy closed the connection");
            length += count;
            var head = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (head < 0 || total != int.MaxValue) continue;
            var text = Encoding.ASCII.GetString(buffer, 0, head);
            var at = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            var end = text.IndexOf('\r', at);
            var value = text.AsSpan(at + 16, (end < 0 ? text.Length : end) - at - 16);
            total = head + 4 + int.Parse(value, CultureInfo.InvariantCulture);
        }
    }

    private static byte[] Get(string target) => Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\n{Headers}\r\n");

    private static byte[] Post(string type, string body) => Encoding.ASCII.GetBytes(
        $"POST /api/items HTTP/1.1\r\n{Headers}Content-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private const string Headers =
        "Host: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
        + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        + "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
        + "Referer: https://shop.example/products\r\nCookie: theme=light; visit=17\r\n";

    private static string Form(int bytes)
    {
        var text = new StringBuilder("name=Ann+Example&city=Bergen");
        for (var i = 0; text.Length < bytes; i++)
            text.Append(CultureInfo.InvariantCulture, $"&field{i}=two+cups+of+green+tea+please+number+{i}");
        return text.ToString();
    }

    private static string Json(int leaves, int bytes)
    {
        var value = string.Concat(Enumerable.Repeat("green tea and cake ", bytes / 19 + 1))[..bytes];
        return "{" + string.Join(',', Enumerable.Range(0, leaves).Select(i => $"\"field{i}\":\"{value}\"")) + "}";
    }

    private static string Policy(string mode)
    {
        var file = Path.Combine(Path.GetTempPath(), $"waf-benchmark-{mode}.yaml");
        File.WriteAllText(file, $$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: { name: benchmark, namespace: default }
            spec:
              mode: "{{mode}}"
              rules: { sets: [owasp-crs], paranoia: 1 }
              logging: { decisions: Blocked }
            """);
        return file;
    }

    private static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Cost of one request.</summary>
    private readonly record struct Cost(double? Instructions, double Microseconds)
    {
        public double Measure => Instructions ?? Microseconds;

        public double To(Cost other) => Measure / other.Measure;

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{(Instructions is { } known ? $"{known:0}" : "-")} ({Microseconds:0} µs)");
    }
}
