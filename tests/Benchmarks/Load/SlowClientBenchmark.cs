using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Benchmarks.Load;

/// <summary>
/// Clients that begin a request and hold the rest back, from as many addresses of the loopback network, in front of the
/// sidecar at the default limit of memory (384Mi, of which .NET takes 288). One ordinary client goes on meanwhile: what
/// it sees, and what the process takes, is printed.
/// </summary>
internal static class SlowClientBenchmark
{
    public const string Usage = "[clients [each second [post|head|silent]]]";

    /// <summary>Three quarters of 384Mi.</summary>
    private const string HeapLimit = "0x12000000";

    /// <summary>What a browser sends with every request.</summary>
    private static readonly (string Name, string Value)[] Browser =
    [
        ("User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("Accept-Language", "en-GB,en;q=0.9,de;q=0.8"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=1; _ga=GA1.2.1234567890.1700000000"),
        ("Referer", "https://shop.example/catalogue/tea?page=2&sort=price"),
        ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"),
        ("Upgrade-Insecure-Requests", "1"), ("Cache-Control", "max-age=0"),
    ];

    private static readonly TimeSpan HoldFor = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] arguments)
    {
        var count = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 20_000;
        var rate = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 500;
        var start = Encoding.ASCII.GetBytes((arguments.Length > 2 ? arguments[2] : "post") switch
        {
            "silent" => "",
            "head" => "GET / HTTP/1.1\r\nHost: shop\r\nX-A: b",
            _ => "POST / HTTP/1.1\r\nHost: shop\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\na",
        });
        var scratch = Directory.CreateTempSubdirectory("waf-slow-").FullName;
        Environment.SetEnvironmentVariable("DOTNET_GCHeapHardLimit", HeapLimit);
        try
        {
            using var upstream = new Application();
            using var sidecar = await new Contenders(scratch, upstream.Address).SidecarAsync(
                Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll"), "Enforce", 1);
            return await MeasureAsync(sidecar, (count, rate, start));
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static async Task<int> MeasureAsync(MeasuredProcess sidecar, (int Count, int Rate, byte[] Start) slow)
    {
        using var stop = new CancellationTokenSource();
        var ordinary = OrdinaryAsync(sidecar.Port, stop.Token);
        var peak = PeakAsync(sidecar, stop.Token);
        var sockets = await OpenAsync(sidecar.Port, slow.Count, slow.Rate, slow.Start);
        await Task.Delay(HoldFor);
        await stop.CancelAsync();
        var (answered, failed, times) = await ordinary;
        var peakBytes = await peak;
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{slow.Count} slow clients, {slow.Rate}/s: peak {peakBytes >> 20} MiB resident; ordinary requests: "
            + $"{answered} answered, {failed} not; median {Of(times, 0.5):0.0} ms, 99 % {Of(times, 0.99):0.0} ms"));
        foreach (var socket in sockets) socket.Dispose();
        return answered > 0 ? 0 : 1;
    }

    private static double Of(List<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * share)];

    private static async Task<long> PeakAsync(MeasuredProcess sidecar, CancellationToken stop)
    {
        long peak = 0;
        while (!stop.IsCancellationRequested)
        {
            peak = Math.Max(peak, sidecar.ResidentBytes);
            await Task.Delay(250, CancellationToken.None);
        }

        return peak;
    }

    /// <summary>A GET and a POST in turn, twenty a second, on new connections, each within five seconds.</summary>
    private static async Task<(int Answered, int Failed, List<double> Times)> OrdinaryAsync(
        int port, CancellationToken stop)
    {
        var (answered, failed, times) = (0, 0, new List<double>());
        while (!stop.IsCancellationRequested)
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
            client.DefaultRequestHeaders.Host = "shop.example";
            foreach (var (name, value) in Browser)
                client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
            var began = Stopwatch.GetTimestamp();
            try
            {
                var url = $"http://127.0.0.1:{port}/";
                using var response = times.Count % 2 == 0
                    ? await client.GetAsync(url, CancellationToken.None)
                    : await client.PostAsync(
                        url, new StringContent("a=b", Encoding.ASCII, "application/x-www-form-urlencoded"),
                        CancellationToken.None);
                if (response.IsSuccessStatusCode) answered++;
                else failed++;
            }
            catch (Exception gone) when (gone is HttpRequestException or TaskCanceledException)
            {
                failed++;
            }

            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(50, CancellationToken.None);
        }

        return (answered, failed, times);
    }

    private static async Task<List<Socket>> OpenAsync(int port, int count, int rate, byte[] start)
    {
        var sockets = new List<Socket>();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var ahead = TimeSpan.FromSeconds((double)i / rate) - Stopwatch.GetElapsedTime(began);
            if (ahead > TimeSpan.FromMilliseconds(20)) await Task.Delay(ahead);
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            {
                ReceiveBufferSize = 2048,
            };
            sockets.Add(socket);
            try
            {
                byte[] address = [127, (byte)(1 + (i / 62_500)), (byte)(i / 250 % 250), (byte)(1 + (i % 250))];
                socket.Bind(new IPEndPoint(new IPAddress(address), 0));
                await socket.ConnectAsync(IPAddress.Loopback, port);
                if (start.Length > 0) await socket.SendAsync(start);
            }
            catch (SocketException)
            {
                // Refused or shed: what the sidecar may do.
            }
        }

        return sockets;
    }

    /// <summary>An application that answers 200 to everything, in this process.</summary>
    private sealed class Application : IDisposable
    {
        private readonly HttpListener _listener = new();

        public Application()
        {
            Address = $"http://127.0.0.1:{Contenders.FreePort()}";
            // Any host: clients name the shop, and the listener answers 400 to hosts that it was not given.
            _listener.Prefixes.Add(Address.Replace("127.0.0.1", "*", StringComparison.Ordinal) + "/");
            _listener.Start();
            _ = Task.Run(ServeAsync);
        }

        public string Address { get; }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    (await _listener.GetContextAsync()).Response.Close();
                }
                catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
            }
        }
    }
}
