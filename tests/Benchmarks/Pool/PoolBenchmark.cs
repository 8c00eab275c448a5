using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WafOperator.Benchmarks.Load;
using WafOperator.Protocols.Models;

namespace WafOperator.Benchmarks.Pool;

/// <summary>One network under one setting of the server.</summary>
/// <param name="Network">Name of the network.</param>
/// <param name="Setting">Name of the setting.</param>
/// <param name="Load">Many callers.</param>
/// <param name="Alone">One caller.</param>
/// <param name="Cpu">Processor time of the server for one request under load, microseconds.</param>
internal sealed record PoolRow(string Network, string Setting, LoadResult Load, LoadResult Alone, double Cpu);

/// <summary>What is measured under every setting.</summary>
/// <param name="Label">Name in the table.</param>
/// <param name="Model">Name of the package.</param>
/// <param name="Digest">Digest of the package.</param>
/// <param name="Precision">Of the package's files, the one that runs.</param>
/// <param name="ValueBytesMax">Longest value that is asked about.</param>
internal sealed record PoolCase(string Label, string Model, string Digest, string Precision, int ValueBytesMax)
{
    /// <summary>With begin, end and a flag or two: 16 tokens.</summary>
    public const int ShortestBytes = 12;
}

/// <summary>
/// The inference server as a process of its own: latency of a lone request, throughput and latency under load, and what
/// a request costs the server in processor time, by batch window, beside the same server that runs one row at a time.
/// Processor time is what is compared: it is the same on a busy machine. Each setting is measured twice in turn and the
/// cheaper kept.
/// </summary>
internal static class PoolBenchmark
{
    private const string OneAtATime = "one at a time";

    private static readonly (string Name, string[] Arguments)[] Settings =
    [
        (OneAtATime, ["--batch-rows-max", "1", "--queue-delay-max", "0s"]),
        ("0 ms", ["--queue-delay-max", "0s"]),
        ("0 ms, 2,048 tokens", ["--queue-delay-max", "0s", "--batch-tokens-max", "2048"]),
        ("1 ms", ["--queue-delay-max", "1ms"]),
        ("2 ms", ["--queue-delay-max", "2ms"]),
        ("5 ms", ["--queue-delay-max", "5ms"]),
    ];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var options = PoolOptions.Parse(arguments);
        var folder = Directory.CreateTempSubdirectory("waf-pool-").FullName;
        var networks = PrepareNetworks(options, folder);
        var settings = Settings.Where(s => s.Name == OneAtATime || options.Windows.Count == 0
            || options.Windows.Contains(s.Name)).ToList();
        var rows = new List<PoolRow>();
        foreach (var network in networks)
        {
            var measured = new Dictionary<string, PoolRow>();
            for (var round = 0; round < 2; round++)
            {
                foreach (var (setting, flags) in settings)
                {
                    var row = await MeasureAsync(options, folder, network, (setting, flags));
                    if (!measured.TryGetValue(setting, out var known) || row.Cpu < known.Cpu)
                        measured[setting] = row;
                }
            }

            rows.AddRange(settings.Select(s => measured[s.Name]));
            Console.Write(PoolPage.Table([.. settings.Select(s => measured[s.Name])], OneAtATime));
        }

        Directory.Delete(folder, recursive: true);
        if (options.Page is { } page) PoolPage.Write(page, rows, options, OneAtATime);
        return 0;
    }

    private static async Task<PoolRow> MeasureAsync(
        PoolOptions options, string folder, PoolCase network, (string Name, string[] Flags) setting)
    {
        var port = FreePort();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var program = Path.Combine(AppContext.BaseDirectory, "waf-inference.dll");
        using var server = await MeasuredProcess.StartAsync(
            port, "dotnet",
            [
                program, "--models", Path.Combine(folder, network.Model), "--listen", address.OriginalString,
                "--workers", "1", "--precision", network.Precision, .. setting.Flags,
            ]);
        await ReadyAsync(address);
        var values = UncertainValues.Read(PackagesFolder()).Where(v => v.Value.Length <= network.ValueBytesMax);
        using var load = new PoolLoad(address, network.Model, network.Digest, values);
        var alone = await load.RunAsync(1, options.Seconds / 2);
        await load.RunAsync(options.Callers, options.Seconds / 4);
        LoadResult many = default;
        var spent = server.Measure(
            () => many = load.RunAsync(options.Callers, options.Seconds).GetAwaiter().GetResult());
        return new PoolRow(network.Label, setting.Name, many, alone, spent.Cpu.TotalMicroseconds / many.Requests);
    }

    private static List<PoolCase> PrepareNetworks(PoolOptions options, string folder)
    {
        var cases = new List<PoolCase>();
        var released = File.ReadAllBytes(Path.Combine(PackagesFolder(), "payload-cnn-1.0.0.tar"));
        var package = ModelPackageReader.Read(released, null, PackageLimits.Default).Package!;
        Add(
            "payload-cnn", released, ("payload-cnn", "Fp32", int.MaxValue),
            ("payload-cnn, INT8", "Int8", int.MaxValue));
        if (options.Networks is { } source)
        {
            foreach (var file in Directory.GetFiles(source, "*.onnx").OrderBy(f => new FileInfo(f).Length))
            {
                var name = Path.GetFileNameWithoutExtension(file);
                var archive = ModelPackageWriter.Write(
                    package.Manifest with
                    {
                        Name = name, Kind = "onnx-tokens", Outputs = [package.Manifest.Outputs[0]],
                    },
                    new Dictionary<string, ReadOnlyMemory<byte>> { ["model.onnx"] = File.ReadAllBytes(file) });
                Add(
                    name, archive, (name, "Fp32", int.MaxValue),
                    ($"{name}, shortest values", "Fp32", PoolCase.ShortestBytes));
            }
        }

        return cases;

        void Add(string model, byte[] archive, params (string Label, string Precision, int Bytes)[] variants)
        {
            var own = Directory.CreateDirectory(Path.Combine(folder, model)).FullName;
            File.WriteAllBytes(Path.Combine(own, $"{model}-1.0.0.tar"), archive);
            var digest = ModelPackageReader.DigestOf(archive);
            cases.AddRange(variants.Where(v => options.Only.Count == 0 || options.Only.Contains(v.Label))
                .Select(v => new PoolCase(v.Label, model, digest, v.Precision, v.Bytes)));
        }
    }

    private static string PackagesFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }

    private static async Task ReadyAsync(Uri address)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        for (var i = 0; i < 3_000; i++)
        {
            using var answer = await client.GetAsync(new Uri("/v2/health/ready", UriKind.Relative));
            if (answer.IsSuccessStatusCode) return;
            await Task.Delay(100);
        }

        throw new InvalidOperationException("the server does not become ready");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
