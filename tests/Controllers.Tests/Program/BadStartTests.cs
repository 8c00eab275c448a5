using System.Diagnostics;
using WafOperator.Controllers.Tests.ControlPlane;

namespace WafOperator.Controllers.Tests.Program;

/// <summary>
/// The operator's program, started with what people get wrong: it ends with one line that says what is wrong and with
/// no stack trace, and no token is in what it prints.
/// </summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class BadStartTests(RealControlPlane cluster)
{
    private const string Secret = "secret-token-5d21";

    /// <summary>Name, kubeconfig, and what the line says. SERVER is a real API server's address.</summary>
    public static TheoryData<string, string, string> Kubeconfigs => new()
    {
        { "not YAML", "clusters: [ {name: a", "is not valid YAML: line " },
        { "no contexts", "apiVersion: v1\nkind: Config\ncurrent-context: prod\n",
            "prod not found in contexts" },
        { "no address", Config("ftp://shop", $"{{token: {Secret}}}"), "server is not an http(s) address" },
        { "nobody listens", Config("https://127.0.0.1:1", $"{{token: {Secret}}}"), "Connection refused" },
        { "no such plug-in", Config("https://127.0.0.1:1", Plugin("no-such-plugin")),
            "trying to start process 'no-such-plugin'" },
        { "token that is not known", Config("SERVER", $"{{token: {Secret}}}"),
            "the credentials are missing or expired" },
    };

    [Theory, MemberData(nameof(Kubeconfigs))]
    public async Task Kubeconfig_Wrong_OneLineSaysSo(string mistake, string kubeconfig, string expected)
    {
        var file = Path.Combine(Path.GetTempPath(), $"waf-bad-{Path.GetRandomFileName()}");
        await File.WriteAllTextAsync(file, kubeconfig.Replace("SERVER", cluster.Address.ToString()));
        try
        {
            var (status, lines) = await RunAsync("run", "--kubeconfig", file);

            Assert.Equal(1, status);
            var line = Assert.Single(lines);
            Assert.StartsWith("waf-operator: ", line);
            Assert.True(line.Contains(expected, StringComparison.Ordinal), $"{mistake}: {line}");
            Assert.DoesNotContain(Secret, line);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Kubeconfig_Missing_OneLineSaysSo()
    {
        var (status, lines) = await RunAsync("run", "--kubeconfig", "/nowhere/kubeconfig");

        Assert.Equal(1, status);
        Assert.Contains("there is no kubeconfig /nowhere/kubeconfig", Assert.Single(lines));
    }

    private static string Config(string server, string user) => $$"""
        apiVersion: v1
        kind: Config
        current-context: c
        clusters:
        - name: c
          cluster:
            server: "{{server}}"
            insecure-skip-tls-verify: true
        contexts:
        - name: c
          context:
            cluster: c
            user: u
        users:
        - name: u
          user: {{user}}
        """;

    private static string Plugin(string command) =>
        $"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {command}, interactiveMode: Never}}}}";

    /// <summary>The program as a process of its own: what it prints on its error output, line by line.</summary>
    private static async Task<(int Status, List<string> Lines)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "waf-operator.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await output;
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, [.. errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
