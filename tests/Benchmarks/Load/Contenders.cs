using System.Net;
using System.Net.Sockets;

namespace WafOperator.Benchmarks.Load;

/// <summary>
/// Starts the proxies that are compared, all in front of one application, with files of one scratch folder.
/// </summary>
internal sealed class Contenders(string scratch, string upstream)
{
    public const string Rules = "/usr/share/modsecurity-crs";

    private static readonly string Self = typeof(Contenders).Assembly.Location;

    /// <summary>YARP as its documentation shows direct forwarding.</summary>
    public Task<MeasuredProcess> YarpAsync()
    {
        var port = FreePort();
        return MeasuredProcess.StartDotnetAsync(port, Self, "proxy-part", "yarp", $"{port}", upstream);
    }

    /// <summary>Our sidecar with a policy of that mode, CRS at that paranoia level and bodies read whole.</summary>
    /// <param name="program">waf-sidecar.dll as it is to be measured.</param>
    /// <param name="mode">The policy's mode.</param>
    /// <param name="paranoia">CRS's level, 1 to 4.</param>
    public Task<MeasuredProcess> SidecarAsync(string program, string mode, int paranoia)
    {
        var port = FreePort();
        var file = Path.Combine(scratch, $"policy-{mode}-{paranoia}.yaml");
        File.WriteAllText(file, $$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: { name: benchmark, namespace: default }
            spec:
              mode: "{{mode}}"
              rules: { sets: [owasp-crs], paranoia: {{paranoia}} }
              body: { mode: Buffered, limit: 13Mi }
              logging: { decisions: Blocked }
            """);
        return MeasuredProcess.StartDotnetAsync(
            port, program, "--policy", file, "--upstream", upstream, "--listen", $"http://127.0.0.1:{port}", "--rules",
            Rules);
    }

    /// <summary>A port nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
