using System.Diagnostics;

namespace WafOperator.Conformance.Peer;

/// <summary>Our sidecar as a program: CRS at paranoia 1 in force, everything else at its defaults.</summary>
internal sealed class SidecarServer : IDisposable
{
    private const string Policy = """
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: { name: conformance, namespace: default }
        spec:
          mode: Enforce
          rules: { sets: [owasp-crs], paranoia: 1 }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("waf-conformance-");
    private readonly Process _process;

    public SidecarServer(int applicationPort)
    {
        var port = RawClient.FreePort();
        var policy = Path.Combine(_folder.FullName, "policy.yaml");
        File.WriteAllText(policy, Policy);
        _process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "waf-sidecar.dll"), "--policy", policy,
                "--upstream", $"http://127.0.0.1:{applicationPort}", "--listen", $"http://127.0.0.1:{port}",
                "--rules", Path.GetDirectoryName(CrsEngine.RulesFolder)!,
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        RawClient.WaitFor(port, _process, static () => "see waf-sidecar --help");
        Client = new RawClient(port);
    }

    /// <summary>Sends requests to this sidecar.</summary>
    public RawClient Client { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
