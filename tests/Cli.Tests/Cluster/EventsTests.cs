using WafOperator.Cli.Tests.Events;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Tests.Cluster;

/// <summary>Decisions from the logs of sidecars, through a real API server to a node.</summary>
[Collection(CliClusterCollection.Name)]
public sealed class EventsTests(CliCluster cluster)
{
    private Task CreatePodAsync(string ns, string name, string node) => cluster.CreateAsync(BuiltIn.Pods, $$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}","labels":{"wafoperator.dev/sidecar":"true"}},
         "spec":{"nodeName":"{{{node}}}","containers":[{"name":"waf-sidecar","image":"sidecar:1"}]}}
        """);

    [Fact]
    public async Task Events_AreThoseOfAllSidecars_FilteredAsAsked()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await CreatePodAsync(ns, "one", node.Name);
        await CreatePodAsync(ns, "two", node.Name);
        node.Write(ns, "one", "waf-sidecar", "sidecar started");
        node.Write(ns, "one", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000001")));
        node.Write(ns, "two", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000002", "192.0.2.2")));

        var all = await cluster.RunAsync("events", "-n", ns, "-o", "name", "--tail", "50");
        Assert.Equal((0, ""), (all.Code, all.Error));
        Assert.Equal(["000000000000000001", "000000000000000002"], all.Out.TrimEnd().Split('\n').Order());
        Assert.Contains(node.Requests, request => request.Contains("tailLines=50", StringComparison.Ordinal));

        var one = await cluster.RunAsync("events", "-n", ns, "--client", "192.0.2.2", "--rule", "942100");
        Assert.Contains("Block web/shop 192.0.2.2 GET /search Rules rules 942100,949110", one.Out,
            StringComparison.Ordinal);
        Assert.Equal("", (await cluster.RunAsync("events", "-n", ns, "--path", "/other")).Out);

        var explained = await cluster.RunAsync("explain", "event", "000000000000000002", "-n", ns);
        Assert.Contains("192.0.2.2 sent GET /search", explained.Out, StringComparison.Ordinal);
        var tuned = await cluster.RunAsync("tune", "-n", ns, "-o", "name");
        Assert.StartsWith("wafexclusion/shop-q-", tuned.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodWhoseLogIsNotThere_StopsNobodyElse()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await CreatePodAsync(ns, "one", node.Name);
        await CreatePodAsync(ns, "lost", node.Name);
        node.Write(ns, "one", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000001")));
        var run = await cluster.RunAsync("events", "-n", ns, "-o", "name");
        Assert.Equal("000000000000000001\n", run.Out);
        Assert.Contains($"{ns}/lost", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhenNoLogCanBeRead_ItIsNotDone()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await CreatePodAsync(ns, "lost", node.Name);
        foreach (var command in new[] { "events", "tune" })
        {
            var run = await cluster.RunAsync(command, "-n", ns);
            Assert.Equal(3, run.Code);
            Assert.Contains("next: kubectl auth can-i get pods/log", run.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>A rollout replaces pods while somebody looks on.</summary>
    [Fact]
    public async Task Following_GoesOnWithPodsThatStartLater()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await CreatePodAsync(ns, "one", node.Name);
        node.Write(ns, "one", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000001")));
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var logs = new WafOperator.Cli.Events.SidecarLogs(client, _ => { })
        {
            LookAgain = TimeSpan.FromMilliseconds(50),
        };
        var scope = WafOperator.Kubernetes.Client.ListOptions.In(ns);
        var options = new WafOperator.Kubernetes.Client.LogOptions { Container = "waf-sidecar", Follow = true };
        var seen = new List<string>();
        var pods = await logs.PodsAsync(scope, stop.Token);
        await foreach (var decision in logs.ReadAsync(pods, options, scope, stop.Token))
        {
            seen.Add(decision.Id);
            if (seen.Count == 2) break;
            await CreatePodAsync(ns, "two", node.Name);
            node.Write(ns, "two", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000002")));
        }

        Assert.Equal(["000000000000000001", "000000000000000002"], seen);
    }

    [Fact]
    public async Task Following_ShowsWhatIsWrittenLater()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await CreatePodAsync(ns, "one", node.Name);
        node.Write(ns, "one", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000001")));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var logs = new WafOperator.Cli.Events.SidecarLogs(client, _ => { });
        var pods = await logs.PodsAsync(WafOperator.Kubernetes.Client.ListOptions.In(ns), stop.Token);
        var options = new WafOperator.Kubernetes.Client.LogOptions { Container = "waf-sidecar", Follow = true };
        var seen = new List<string>();
        await foreach (var decision in logs.ReadAsync(pods, options, null, stop.Token))
        {
            seen.Add(decision.Id);
            if (seen.Count == 2) break;
            node.Write(ns, "one", "waf-sidecar", TuningTests.Line(TuningTests.Decision("00000002")));
        }

        Assert.Equal(["000000000000000001", "000000000000000002"], seen);
    }
}
