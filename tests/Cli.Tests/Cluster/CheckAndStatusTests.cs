using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Tests.Cluster;

[Collection(CliClusterCollection.Name)]
public sealed class CheckAndStatusTests(CliCluster cluster)
{
    [Fact]
    public async Task Check_WithoutAnOperator_SaysSo_AndWhatToDo()
    {
        var run = await cluster.RunAsync("check", "-o", "json");
        Assert.Equal(1, run.Code);
        var checks = JsonNode.Parse(run.Out)!["checks"]!.AsArray();
        Assert.Equal("Found", Outcome(checks, "WAF201"));
        Assert.Equal("Passed", Outcome(checks, "WAF301"));
        // Served by 1.20 as the definitions were written: every field of this version is there.
        Assert.Equal("Passed", Outcome(checks, "WAF302"));
        Assert.Equal("Passed", Outcome(checks, "WAF101"));
        Assert.Equal("Found", Outcome(checks, "WAF103"));
    }

    [Fact]
    public async Task Check_Before_AsksOnlyWhatAnInstallationNeeds()
    {
        var run = await cluster.RunAsync("check", "--pre", "-o", "json");
        var checks = JsonNode.Parse(run.Out)!["checks"]!.AsArray();
        Assert.All(checks, check => Assert.StartsWith("WAF1", check!["code"]!.GetValue<string>(),
            StringComparison.Ordinal));
        Assert.Equal("Passed", Outcome(checks, "WAF104"));
    }

    [Fact]
    public async Task Check_WithoutRights_IsUnknown_AndNotGood()
    {
        var run = await cluster.RunAsNobodyAsync("check", "-o", "json");
        var checks = JsonNode.Parse(run.Out)!["checks"]!.AsArray();
        Assert.Equal("Unknown", Outcome(checks, "WAF401"));
        Assert.Equal("Found", Outcome(checks, "WAF104"));
    }

    /// <summary>The chart's console has the operator's name among its labels.</summary>
    [Fact]
    public async Task TheConsole_IsNoOperator()
    {
        var ns = await cluster.NamespaceAsync();
        foreach (var component in new[] { "operator", "console" })
        {
            await cluster.CreateAsync(BuiltIn.Deployments, $$$"""
                {"metadata":{"name":"waf-{{{component}}}","namespace":"{{{ns}}}",
                   "labels":{"app.kubernetes.io/name":"waf-operator"}},
                 "spec":{"selector":{"matchLabels":{"app.kubernetes.io/component":"{{{component}}}"}},
                   "template":{"metadata":{"labels":{"app.kubernetes.io/name":"waf-operator",
                     "app.kubernetes.io/component":"{{{component}}}"}},
                   "spec":{"containers":[{"name":"a","image":"a"}]} } } }
                """);
        }

        using var client = cluster.Client();
        var progress = new Output.Progress(TextWriter.Null, isTerminal: false);
        var facts = await new ClusterFactsReader(client, TimeProvider.System, progress).BeforeAsync(default);
        var here = facts.Operators.Value.Where(found => found.Metadata.Namespace == ns);
        Assert.Equal("waf-operator", Assert.Single(here).Metadata.Name);
        var key = new NamespacedName(ns, "waf-operator");
        await client.DeleteAsync(BuiltIn.Deployments, key, new DeleteOptions(), default);
    }

    [Fact]
    public async Task Check_OfANamespace_FindsThePodWithoutItsSidecar()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreatePolicyAsync(ns);
        await cluster.CreateAsync(BuiltIn.Pods, $$$"""
            {"metadata":{"name":"bare","namespace":"{{{ns}}}","annotations":{"wafoperator.dev/inject":"true"}},
             "spec":{"containers":[{"name":"a","image":"a"}]}}
            """);
        var run = await cluster.RunAsync("check", "-n", ns);
        Assert.Equal(1, run.Code);
        Assert.Contains($"pod/bare -n {ns}: it asks for a sidecar and has none", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Out);
    }

    [Fact]
    public async Task Status_ShowsPolicies_AndTheirFirstProblem()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreatePolicyAsync(ns);
        await cluster.SetStatusAsync(OurKinds.Policies, new NamespacedName(ns, "shop"), """
            {"coverage":{"matched":3,"programmed":2,"missing":1},"revision":"0123456789abcdef0123",
             "conditions":[{"type":"Programmed","status":"False","reason":"PodsWithoutSidecar",
               "message":"1 pod without","lastTransitionTime":"2026-01-01T00:00:00Z"},
              {"type":"Ready","status":"False","reason":"PodsWithoutSidecar",
               "message":"1 pod without","lastTransitionTime":"2026-01-01T00:00:00Z"}]}
            """);
        var run = await cluster.RunAsync("status", "-n", ns);
        Assert.Equal(1, run.Code);
        Assert.Matches(@"shop +Enforce +False +2/3 +1 +- +0123456789ab\n", run.Out);
        Assert.Contains("PodsWithoutSidecar: 1 pod without", run.Out, StringComparison.Ordinal);
        Assert.Equal("wafpolicy/shop\n", (await cluster.RunAsync("status", "-n", ns, "-o", "name")).Out);
    }

    [Fact]
    public async Task Status_WithoutRights_NamesTheVerbThatIsMissing()
    {
        var run = await cluster.RunAsNobodyAsync("status");
        Assert.Equal(3, run.Code);
        Assert.Contains("grant the verb \"list\" on \"wafpolicies.wafoperator.dev\"", run.Error,
            StringComparison.Ordinal);
    }

    private static string Outcome(JsonArray checks, string code) =>
        checks.Single(check => check!["code"]!.GetValue<string>() == code)!["outcome"]!.GetValue<string>();
}
