using System.Diagnostics;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>kubectl port-forward to a Service, for clusters whose Service addresses this machine does not reach.</summary>
public sealed class PortForward : IDisposable
{
    private readonly Process _process;

    private PortForward(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public static async Task<PortForward> StartAsync(string ns, string service, int port = 80)
    {
        var process = Process.Start(new ProcessStartInfo("kubectl", ["-n", ns, "port-forward", "service/" + service, $":{port}"])
        {
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("kubectl is not on PATH");
        // "Forwarding from 127.0.0.1:40123 -> 8080"
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("kubectl port-forward ended");
        var local = line.Split(':')[1].Split(' ')[0];
        return new PortForward(process, new Uri($"http://127.0.0.1:{local}/"));
    }

    public void Dispose()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }
        _process.Dispose();
    }
}
