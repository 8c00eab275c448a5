using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Models.Server.Tests.Hosting;

/// <summary>The real program in a process of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private ServerProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public string Errors
    {
        get
        {
            lock (_errors) return _errors.ToString();
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static ServerProcess Start(params string[] arguments)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        return StartAt(address, arguments);
    }

    public static ServerProcess StartAt(Uri address, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "waf-inference.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--listen", address.OriginalString, .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        var server = new ServerProcess(Process.Start(start)!, address);
        server._process.ErrorDataReceived += (_, line) =>
        {
            lock (server._errors) server._errors.AppendLine(line.Data);
        };
        server._process.BeginErrorReadLine();
        server._process.BeginOutputReadLine();
        return server;
    }

    /// <summary>Waits until it is ready.</summary>
    public async Task ReadyAsync()
    {
        using var client = ServerFixture.Client(Address, http2: false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), patience.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                // Not listening yet.
            }

            await Task.Delay(50, patience.Token);
        }
    }

    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
