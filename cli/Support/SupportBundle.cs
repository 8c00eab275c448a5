using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Support;

/// <summary>One file of a bundle.</summary>
internal sealed record BundleFile(string Name, string Text);

/// <summary>
/// What somebody else needs to see what is wrong: objects, checks and logs, redacted file by file before anything is
/// written. Secrets are never read.
/// </summary>
internal sealed class SupportBundle(Invocation invocation)
{
    private const int LogLines = 2_000;
    private const int LogBytesMax = 4 << 20;
    private const int PodsMax = 20;

    private readonly List<BundleFile> _files = [];
    private readonly List<string> _missing = [];

    /// <summary>The files, by name; what could not be read is in <c>missing.txt</c>.</summary>
    public async Task<IReadOnlyList<BundleFile>> CollectAsync(CancellationToken cancellationToken)
    {
        var scope = invocation.Wide;
        var reader = new ClusterFactsReader(invocation.Client, invocation.Environment.Time, invocation.Progress);
        var facts = await reader.AllAsync(scope, cancellationToken);
        Add("version.txt", $"kubectl-waf {CliEnvironment.Version}\n{facts.Server.Value}\n");
        Add("checks.json", Checks.CheckReport.Of(
            Checks.CheckRun.All(facts, Checks.CheckCommand.Checks, isBeforeInstallation: false), isVerbose: true).Json);
        foreach (var type in new ResourceType[] { OurKinds.Policies, OurKinds.Exclusions, OurKinds.Models,
            OurKinds.Pools, OurKinds.ApiSchemas })
            await ObjectsAsync(type, scope, cancellationToken);
        await ObjectsAsync(BuiltIn.MutatingWebhookConfigurations, ListOptions.All, cancellationToken);
        await ObjectsAsync(BuiltIn.ValidatingWebhookConfigurations, ListOptions.All, cancellationToken);
        if (facts.Operators.Problem is null && facts.Operator is { } deployment)
        {
            var own = ListOptions.In(deployment.Metadata.Namespace ?? "");
            foreach (var type in new ResourceType[] { BuiltIn.Deployments, BuiltIn.Pods, BuiltIn.Leases,
                BuiltIn.Events })
                await ObjectsAsync(type, own, cancellationToken, "operator/");
            foreach (var pod in facts.OperatorPods) await LogAsync(pod, "waf-operator", "operator/", cancellationToken);
        }

        if (facts.Pods.Problem is null)
        {
            foreach (var pod in facts.Pods.Value.Where(pod =>
                pod is { IsAlive: true, Sidecar: not null }).Take(PodsMax))
                await LogAsync(pod, WellKnown.SidecarContainer, "sidecars/", cancellationToken);
        }

        if (_missing.Count > 0) Add("missing.txt", string.Join('\n', _missing) + "\n");
        return _files;
    }

    /// <summary>Files as a compressed archive, each below one folder.</summary>
    public static void Write(Stream output, string folder, IReadOnlyList<BundleFile> files, DateTimeOffset now)
    {
        using var gzip = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true);
        using var tar = new TarWriter(gzip, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var file in files)
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{folder}/{file.Name}")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(file.Text)), ModificationTime = now,
            });
        }
    }

    private async Task ObjectsAsync(
        ResourceType type, ListOptions scope, CancellationToken cancellationToken, string folder = "objects/")
    {
        invocation.Progress.Show($"reading {type.Plural}");
        try
        {
            var list = await invocation.Client.ListAsync(type.AsJson(), scope, cancellationToken);
            if (list.Items.Count == 0) return;
            Add($"{folder}{type.Plural}.yaml", new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "List",
                ["items"] = new JsonArray([.. list.Items.Select(item => (JsonNode)item.ToNode())]),
            });
        }
        catch (KubernetesException refusal)
        {
            _missing.Add($"{type.Plural}: {refusal.Message}");
        }
    }

    private async Task LogAsync(PodFacts pod, string container, string folder, CancellationToken cancellationToken)
    {
        invocation.Progress.Show($"reading the log of {pod.Key}");
        try
        {
            var options = new LogOptions { Container = container, TailLines = LogLines };
            await using var log = await invocation.Client.OpenLogAsync(pod.Key, options, cancellationToken);
            var buffer = new byte[LogBytesMax];
            var count = await log.ReadAtLeastAsync(buffer, LogBytesMax, throwOnEndOfStream: false, cancellationToken);
            var cut = count == LogBytesMax ? "\n(cut here)\n" : "";
            Add($"{folder}{pod.Metadata.Namespace}-{pod.Metadata.Name}.log", Encoding.UTF8.GetString(buffer, 0, count)
                + cut);
        }
        catch (Exception failure) when (failure is KubernetesException or IOException or HttpRequestException)
        {
            _missing.Add($"log of {pod.Key}: {failure.Message}");
        }
    }

    private void Add(string name, JsonNode json)
    {
        var redacted = Redaction.Of(json);
        _files.Add(new(name, name.EndsWith(".yaml", StringComparison.Ordinal) ? YamlText.Write(redacted)
            : redacted.ToJsonString()));
    }

    private void Add(string name, string text) => _files.Add(new(name, Redaction.Of(text)));
}
