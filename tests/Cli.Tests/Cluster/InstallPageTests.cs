using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Tests.Cluster;

/// <summary>
/// The page for newcomers, <c>docs/install.md</c>: what needs no nodes is run, in the page's order, by the real kubectl
/// and by this program against a real API server; what the rest names is there.
/// </summary>
[Collection(CliClusterCollection.Name)]
public sealed partial class InstallPageTests(CliCluster cluster) : IDisposable
{
    private static readonly string Root = FindRoot();
    private static readonly string Page = File.ReadAllText(Path.Combine(Root, "docs/install.md"));

    /// <summary>What a cluster with nodes, images or helm is needed for.</summary>
    private static readonly string[] ElsewhereOnly =
    [
        "helm ", "sudo ln ", "curl ", "dotnet build ", "kubectl -n shop rollout ", "kubectl -n shop wait ",
        "kubectl -n shop port-forward ",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("install-page-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TheCommands_Work_InTheirOrder()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "shop.yaml"), string.Join("---\n", Blocks("yaml")));
        var (ran, left) = (new List<string>(), new List<string>());
        var lines = Blocks("sh").SelectMany(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        foreach (var command in lines)
        {
            if (ElsewhereOnly.Any(command.StartsWith))
            {
                left.Add(command);
                continue;
            }

            ran.Add(command);
            var words = Words(command);
            Assert.Equal("kubectl", words[0]);
            if (words[1] == "waf") await RunOursAsync(command, words[2..]);
            else await RunKubectlAsync(command, words[1..]);
        }

        Assert.InRange(ran.Count, 15, 100);
        Assert.InRange(left.Count, 5, 20);
    }

    /// <summary>What is applied a second time changes nothing, and differs in nothing from what is there.</summary>
    [Fact]
    public async Task EveryKind_AppliedTwice_StaysAsItIs()
    {
        var ns = await cluster.NamespaceAsync();
        var file = Path.Combine(_folder, "all.yaml");
        await File.WriteAllTextAsync(file, $$$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: shop, namespace: {{{ns}}}}
            spec:
              targetRefs: [{kind: Deployment, name: shop}]
              mode: Enforce
              rules: {sets: [owasp-crs], paranoia: 2, disabledRules: ["920350"]}
              body: {mode: Window, limit: 64Ki}
              routes: [{pathPrefix: /up, body: {mode: Window, limit: 1Mi}}]
              rateLimits: [{name: all, requests: 5, period: 1s}]
              behaviour: {mode: Detect}
              ml: {models: [{model: gate}]}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafExclusion
            metadata: {name: search, namespace: {{{ns}}}}
            spec: {policy: shop, match: {path: /search, part: Parameter, name: q}, rules: ["942100"], reason: names}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: ModelVersion
            metadata: {name: gate-2, namespace: {{{ns}}}}
            spec:
              model: gate
              version: 2.0.0
              artifact: {uri: "builtin://gate-2.0.0", digest: "sha256:{{{new string('a', 64)}}}"}
              rollout: {steps: [{weight: 10}]}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: InferencePool
            metadata: {name: pool, namespace: {{{ns}}}}
            spec: {replicas: 2}
            """);
        Assert.Equal(4, Regex.Count(await RunKubectlAsync("first", ["apply", "-f", file]), "created"));
        var before = await VersionsAsync(ns, "resourceVersion");
        await RunKubectlAsync("second", ["apply", "-f", file]);
        Assert.Equal(before, await VersionsAsync(ns, "resourceVersion"));
        // Before version 1.26 kubectl shows when each manager applied last, which is another second now and then.
        var script = Path.Combine(_folder, "diff-objects");
        await File.WriteAllTextAsync(script, "#!/bin/sh\nexec diff -u -N -I '^ *time: \"' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal("", await RunKubectlAsync("diff", ["diff", "-f", file]));
        await RunKubectlAsync("server-side", ["apply", "--server-side", "--force-conflicts", "-f", file]);
        // Old servers note the time of an apply that changes nothing; the spec stays as it is.
        before = await VersionsAsync(ns, "generation");
        await RunKubectlAsync("again", ["apply", "--server-side", "--force-conflicts", "-f", file]);
        Assert.Equal(before, await VersionsAsync(ns, "generation"));
        Assert.Equal("", await RunKubectlAsync("diff", ["diff", "--server-side", "--force-conflicts", "-f", file]));
        // A difference is seen where there is one.
        await File.WriteAllTextAsync(
            file, (await File.ReadAllTextAsync(file)).Replace("paranoia: 2", "paranoia: 3", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => RunKubectlAsync("diff", ["diff", "-f", file]));
    }

    [Fact]
    public async Task Kubectl_FindsThePlugin_AndItsCompletion()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "kubectl-waf");
        File.CreateSymbolicLink(Path.Combine(_folder, "kubectl-waf"), program);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", await RunKubectlAsync("plugin", ["waf", "--version"]));
        var script = Path.Combine(_folder, "kubectl_complete-waf");
        await File.WriteAllTextAsync(script, (await CliRun.Of("completion", "kubectl")).Out);
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains("check\n", await RunAsync(script, "completion", ["ch"]), StringComparison.Ordinal);
        // kubectl asks plugins for their completion from version 1.26 on.
        var version = JsonNode.Parse(await RunKubectlAsync("version", ["version", "--client", "-o", "json"]))!;
        if (int.Parse(((string)version["clientVersion"]!["minor"]!).TrimEnd('+'), CultureInfo.InvariantCulture) < 26)
            return;
        Assert.Contains("check\n", await RunKubectlAsync("completion", ["__complete", "waf", "ch"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public void WhatThePageNames_IsThere()
    {
        var values = YamlText.Read(File.ReadAllText(Path.Combine(Root, "charts/waf-operator/values.yaml")))!;
        var settings = Setting().Matches(Page).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("images.registry", settings);
        foreach (var setting in settings)
        {
            var value = values;
            foreach (var step in setting.Split('.')) value = value is null ? null : value[step];
            Assert.True(value is not null, $"charts/waf-operator/values.yaml has no {setting}");
        }

        foreach (Match path in RepositoryPath().Matches(Page))
            Assert.True(Path.Exists(Path.Combine(Root, path.Value)), $"{path.Value} is not there");
        var options = File.ReadAllText(Path.Combine(Root, "e2e/images/build"));
        var words = Build().Matches(Page).SelectMany(match => match.Value.Split(' '));
        foreach (var option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal)))
            Assert.Contains($"{option})", options, StringComparison.Ordinal);
    }

    /// <summary>
    /// A number of all objects of ours in a namespace: <c>resourceVersion</c> grows with each write that changes
    /// something, <c>generation</c> with each that changes the spec.
    /// </summary>
    private async Task<string> VersionsAsync(string ns, string number) => await RunKubectlAsync("get",
    [
        "get", "wafpolicies,wafexclusions,modelversions,inferencepools", "-n", ns, "-o",
        $"jsonpath={{range .items[*]}}{{.kind}} {{.metadata.name}} {{.metadata.{number}}}{{\"\\n\"}}{{end}}",
    ]);

    private async Task RunOursAsync(string command, string[] arguments)
    {
        var run = await cluster.RunAsync([.. arguments.Select(InFolder)]);
        // 1 is an answer: there are no nodes, no operator and no pods here.
        Assert.True(run.Code is 0 or 1, $"{command}\n{run.Out}\n{run.Error}");
        Assert.DoesNotContain("this should not have happened", run.Error, StringComparison.Ordinal);
        if (arguments[0] is "analyze" or "explain") Assert.True(run.Code == 0, $"{command}\n{run.Out}\n{run.Error}");
    }

    private Task<string> RunKubectlAsync(string command, string[] arguments) =>
        RunAsync("kubectl", command, arguments);

    private async Task<string> RunAsync(string program, string command, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments.Select(InFolder))
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = cluster.Kubeconfig;
        start.Environment["HOME"] = _folder;
        if (Path.Combine(_folder, "diff-objects") is var diff && File.Exists(diff))
            start.Environment["KUBECTL_EXTERNAL_DIFF"] = diff;
        if (Path.GetFileName(Environment.ProcessPath) == "dotnet")
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath)!;
        start.Environment["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.True(process.ExitCode == 0, $"{command}: exit code {process.ExitCode}\n{await output}\n{await error}");
        return await output;
    }

    private string InFolder(string word) => word == "shop.yaml" ? Path.Combine(_folder, word) : word;

    private static IEnumerable<string> Blocks(string language) =>
        Block().Matches(Page).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value);

    /// <summary>A line as a shell splits it, as far as the page goes: single quotes, and comments at the end.</summary>
    private static string[] Words(string command) =>
        [.. Word().Matches(command.Split(" #")[0]).Select(match => match.Value.Trim('\''))];

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "WafOperator.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    [GeneratedRegex("^```(yaml|sh)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("'[^']*'|[^ ']+")]
    private static partial Regex Word();

    [GeneratedRegex("--set ([A-Za-z.]+)=")]
    private static partial Regex Setting();

    [GeneratedRegex("(?:charts|e2e|cli)/[a-z/-]+[a-z]")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex("e2e/images/build [^`]*")]
    private static partial Regex Build();
}
