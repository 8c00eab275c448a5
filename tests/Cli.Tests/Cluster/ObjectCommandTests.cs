using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Tests.Cluster;

/// <summary>Commands that read and change objects of a real API server.</summary>
[Collection(CliClusterCollection.Name)]
public sealed class ObjectCommandTests(CliCluster cluster)
{
    private async Task<string> VersionAsync(string status)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreateAsync(OurKinds.Models.AsJson(), $$$"""
            {"metadata":{"name":"gate-2","namespace":"{{{ns}}}"},
             "spec":{"model":"gate","version":"2.0.0","artifact":{"uri":"builtin://gate-2.0.0",
               "digest":"sha256:{{{new string('a', 64)}}}"},"rollout":{"steps":[{"weight":10,"manual":true}]} } }
            """);
        await cluster.SetStatusAsync(OurKinds.Models, new NamespacedName(ns, "gate-2"), status);
        return ns;
    }

    private async Task<KubernetesObject> ReadAsync(string ns)
    {
        using var client = cluster.Client();
        return await client.GetAsync(OurKinds.Models.AsJson(), new NamespacedName(ns, "gate-2"), default);
    }

    [Fact]
    public async Task Approve_WritesTheAnnotation_OfTheStepThatWaits()
    {
        var ns = await VersionAsync("""
            {"phase":"Shadow",
             "message":"step 1 waits for approval: annotate with wafoperator.dev/approve-step=1"}
            """);
        var dry = await cluster.RunAsync("approve", "gate-2", "-n", ns, "--dry-run");
        Assert.Contains("nothing was changed", dry.Out, StringComparison.Ordinal);
        Assert.Empty((await ReadAsync(ns)).Metadata.Annotations);
        var run = await cluster.RunAsync("approve", "modelversion/gate-2", "-n", ns);
        Assert.Equal((0, "modelversion/gate-2: step 1 is approved\n"), (run.Code, run.Out));
        Assert.Equal("1", (await ReadAsync(ns)).Metadata.Annotations["wafoperator.dev/approve-step"]);
    }

    [Fact]
    public async Task Rollback_HoldAndRelease_ChangeTheSpec()
    {
        var ns = await VersionAsync("""{"phase":"Canary","weight":10}""");
        Assert.Equal(0, (await cluster.RunAsync("hold", "gate-2", "-n", ns)).Code);
        Assert.True((await ReadAsync(ns)).Json.Flag("spec", "suspend"));
        Assert.Equal(0, (await cluster.RunAsync("release", "gate-2", "-n", ns)).Code);
        Assert.False((await ReadAsync(ns)).Json.Flag("spec", "suspend"));
        Assert.Equal(0, (await cluster.RunAsync("rollback", "gate-2", "-n", ns)).Code);
        Assert.True((await ReadAsync(ns)).Json.Flag("spec", "abort"));
        Assert.Equal(1, (await cluster.RunAsync("rollback", "gate-2", "-n", ns)).Code);
    }

    [Fact]
    public async Task Release_OfAClient_ExemptsItInThePolicy()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreateAsync(OurKinds.Policies.AsJson(), $$$"""
            {"metadata":{"name":"shop","namespace":"{{{ns}}}"},
             "spec":{"behaviour":{"mode":"Enforce","exemptClients":["198.51.100.1"]} } }
            """);
        string[] command = ["release", "client/192.0.2.7", "-n", ns, "--policy", "shop"];
        Assert.Equal(2, (await cluster.RunAsync("release", "client/192.0.2.7", "-n", ns)).Code);
        Assert.Contains("nothing was changed", (await cluster.RunAsync([.. command, "--dry-run"])).Out,
            StringComparison.Ordinal);
        var run = await cluster.RunAsync(command);
        Assert.Equal((0, "wafpolicy/shop: 192.0.2.7 is exempt from behaviour, and let go\n"), (run.Code, run.Out));
        Assert.Contains("exemptClients", run.Error, StringComparison.Ordinal);
        using var client = cluster.Client();
        var policy = await client.GetAsync(OurKinds.Policies, new NamespacedName(ns, "shop"), default);
        Assert.Equal(["198.51.100.1", "192.0.2.7"], policy.Value.Spec.Behaviour!.ExemptClients);
        Assert.Equal(1, (await cluster.RunAsync(command)).Code);
        Assert.Equal(2, (await cluster.RunAsync("release", "client/x'y", "-n", ns, "--policy", "shop")).Code);
    }

    [Fact]
    public async Task AModelThatIsNotThere_IsSaid()
    {
        var run = await cluster.RunAsync("approve", "nothing", "-n", await cluster.NamespaceAsync());
        Assert.Equal(3, run.Code);
        Assert.Contains("\"nothing\" not found", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_OfAUrlAndAPod_ReadsTheNamespace()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreatePolicyAsync(ns);
        await cluster.CreateAsync(BuiltIn.Pods, $$$"""
            {"metadata":{"name":"bare","namespace":"{{{ns}}}","annotations":{"wafoperator.dev/policy":"shop"}},
             "spec":{"containers":[{"name":"a","image":"a"}]}}
            """);
        var url = await cluster.RunAsync("explain", "url", "https://shop.example/a?b", "-n", ns);
        Assert.Contains($"GET /a under WafPolicy {ns}/shop", url.Out, StringComparison.Ordinal);
        var pod = await cluster.RunAsync("explain", "pod", "bare", "-n", ns);
        Assert.Contains("its annotation wafoperator.dev/policy names it", pod.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_WithoutSidecars_SayWhatToDo()
    {
        var run = await cluster.RunAsync("events", "-n", await cluster.NamespaceAsync());
        Assert.Equal(1, run.Code);
        Assert.Contains("next: kubectl waf check", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASupportBundle_HoldsObjectsAndChecks_WithoutSecrets()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.CreatePolicyAsync(ns);
        await cluster.CreateAsync(BuiltIn.Secrets, $$$"""
            {"metadata":{"name":"s","namespace":"{{{ns}}}"},"stringData":{"key":"planted-secret"}}
            """);
        var file = Path.Combine(Path.GetTempPath(), $"bundle-{Guid.NewGuid():n}.tar.gz");
        try
        {
            var run = await cluster.RunAsync("support-bundle", "-n", ns, "--to", file);
            Assert.Equal(0, run.Code);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            var names = new List<string>();
            await using var gzip = new System.IO.Compression.GZipStream(
                File.OpenRead(file), System.IO.Compression.CompressionMode.Decompress);
            await using var tar = new System.Formats.Tar.TarReader(gzip);
            while (await tar.GetNextEntryAsync() is { } entry)
            {
                names.Add(entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..]);
                using var reader = new StreamReader(entry.DataStream!);
                Assert.DoesNotContain("planted-secret", await reader.ReadToEndAsync(), StringComparison.Ordinal);
            }

            Assert.Contains("checks.json", names);
            Assert.Contains("objects/wafpolicies.yaml", names);
            Assert.Equal(3, (await cluster.RunAsync("support-bundle", "--to", file)).Code);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
