using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Tests.Cluster;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Tests.Proxies;

/// <summary>Statuses of sidecars, through a real API server and a node's port forwarding.</summary>
[Collection(CliClusterCollection.Name)]
public sealed class ProxyStatusTests(CliCluster cluster)
{
    private Task CreatePodAsync(string ns, string name, string node) => cluster.CreateAsync(BuiltIn.Pods, $$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}","labels":{"wafoperator.dev/sidecar":"true"},
           "annotations":{"wafoperator.dev/injected-policy":"shop"}},
         "spec":{"nodeName":"{{{node}}}","containers":[{"name":"waf-sidecar","image":"sidecar:1"}]}}
        """);

    private static string Status(string revision, string more = "") => $$$"""
        {"format":"waf-status/v1","version":"0.1.0","startedAt":"2026-01-01T00:00:00Z","policy":"shop",
         "revision":"{{{revision}}}","mode":"Enforce","requests":{"total":7,"blocked":2}{{{more}}}}
        """;

    [Fact]
    public async Task EachSidecar_IsAsked_AndComparedWithWhatItWasSent()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        await cluster.CreatePolicyAsync(ns);
        await cluster.SetStatusAsync(OurKinds.Policies, new NamespacedName(ns, "shop"), """{"revision":"new"}""");
        foreach (var pod in new[] { "a", "b", "c", "d", "e" }) await CreatePodAsync(ns, pod, node.Name);
        node.Ports[$"/{ns}/a"] = Status("new");
        node.Ports[$"/{ns}/b"] = Status("old");
        node.Ports[$"/{ns}/c"] = Status("old", ",\"rejectedRevision\":\"new\",\"rejectedReason\":\"no such rule\"");
        node.Ports[$"/{ns}/e"] = Status("new", ",\"models\":[null]");
        var run = await cluster.RunAsync("proxy-status", "-n", ns, "-o", "json");
        Assert.Equal(1, run.Code);
        var items = JsonNode.Parse(run.Out)!["items"]!.AsArray();
        Assert.Equal(
            ["a InSync", "b Stale", "c Rejected", "d NoAnswer", "e NoAnswer"],
            items.Select(item => $"{item!["pod"]} {item["state"]}").Order());
        Assert.Contains(node.Requests, request => request.Contains("port=16520", StringComparison.Ordinal));
        var text = await cluster.RunAsync("proxy-status", "c", "-n", ns);
        Assert.Contains($"{ns}/c: no such rule", text.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await cluster.RunAsync("proxy-status", "a", "-n", ns)).Code);
    }

    [Fact]
    public async Task ClientsThatAreHeld_AreListedOnce_WhateverPodsAnswer()
    {
        using var client = cluster.Client();
        await using var node = await LogNode.StartAsync(client);
        var ns = await cluster.NamespaceAsync();
        foreach (var pod in new[] { "a", "b", "c", "d" }) await CreatePodAsync(ns, pod, node.Name);
        const string held = """
            {"client":"192.0.2.7","reason":"violations","since":"2026-06-01T00:00:00Z","until":"2026-06-01T01:00:00Z"}
            """;
        node.Ports[$"/{ns}/a"] = $$"""{"mode":"Enforce","held":1,"clients":[{{held}}]}""";
        node.Ports[$"/{ns}/b"] = $$"""{"mode":"Enforce","held":1,"clients":[{{held}},null,7,{"client":"x"}]}""";
        node.Ports[$"/{ns}/c"] = """{"mode":"Off"}""";
        node.Ports[$"/{ns}/d"] = "[]";
        var run = await cluster.RunAsync("holds", "-n", ns);
        Assert.Equal(0, run.Code);
        Assert.Matches($@"{ns} +shop +192\.0\.2\.7 +2026-06-01 01:00:00 UTC +2 +violations", run.Out);
        Assert.Contains("1 sidecars did not answer", run.Out, StringComparison.Ordinal);
        Assert.Equal("client/192.0.2.7\n", (await cluster.RunAsync("holds", "-n", ns, "-o", "name")).Out);
    }
}
