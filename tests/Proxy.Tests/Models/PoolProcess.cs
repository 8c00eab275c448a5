using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using WafOperator.Protocols.Models;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>The inference server in a process of its own.</summary>
internal sealed class PoolProcess : IDisposable
{
    private readonly Process _process;

    private PoolProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>Folder of the released packages.</summary>
    public static string Packages { get; } = FindPackages();

    public static string DigestOf(string package) =>
        ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(Packages, package + ".tar")));

    public static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}");
    }

    public static Task<PoolProcess> StartAsync(Uri address, params string[] arguments) =>
        StartAsync(address, Packages, arguments);

    /// <summary>A server of the packages of another folder.</summary>
    public static Task<PoolProcess> OfAsync(Uri address, string folder) => StartAsync(address, folder, []);

    private static async Task<PoolProcess> StartAsync(Uri address, string folder, string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "waf-inference.dll");
        var process = Process.Start(new ProcessStartInfo(
            "dotnet", [program, "--listen", address.OriginalString, "--models", folder, .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var pool = new PoolProcess(process, address);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), patience.Token);
                if (answer.IsSuccessStatusCode) return pool;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not listening yet.
            }

            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>Ends it without a word, as a node that fails does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static string FindPackages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
