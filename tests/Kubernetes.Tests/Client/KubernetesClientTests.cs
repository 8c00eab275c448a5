using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Client;

[Collection(ApiServerCollection.Name)]
public sealed class KubernetesClientTests(TestApiServer server)
{
    private static readonly CancellationToken None = CancellationToken.None;

    internal static JsonObject ConfigMap(string ns, string name, string value = "1", string? label = null)
    {
        var metadata = new JsonObject { ["namespace"] = ns, ["name"] = name };
        if (label is not null) metadata["labels"] = new JsonObject { ["app"] = label };
        return new JsonObject { ["metadata"] = metadata, ["data"] = new JsonObject { ["value"] = value } };
    }

    [Fact]
    public async Task CreateGetReplaceDelete_OneObject_RoundTrips()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, "one");
        var created = await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, "one"), None);
        Assert.Equal(key, created.Key);
        Assert.Equal("ConfigMap", created.Kind);
        Assert.Null(created.At("metadata", "managedFields"));

        var body = created.ToNode();
        body["data"]!["value"] = "2";
        await client.ReplaceAsync(BuiltIn.ConfigMaps, body, None);
        var read = await client.GetAsync(BuiltIn.ConfigMaps, key, None);
        Assert.Equal("2", read.Text("data", "value"));

        var stale = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.ReplaceAsync(BuiltIn.ConfigMaps, created.ToNode(), None));
        Assert.True(stale.IsConflict);
        Assert.Contains($"cannot update configmaps {key}", stale.Message, StringComparison.Ordinal);

        var duplicate = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, "one"), None));
        Assert.True(duplicate.IsAlreadyExists);
        Assert.False(duplicate.IsConflict);

        var other = new DeleteOptions { Uid = "00000000-0000-0000-0000-000000000000" };
        var wrong = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.DeleteAsync(BuiltIn.ConfigMaps, key, other, None));
        Assert.True(wrong.IsConflict);
        Assert.True(await client.DeleteAsync(BuiltIn.ConfigMaps, key, new DeleteOptions(), None));
        Assert.False(await client.DeleteAsync(BuiltIn.ConfigMaps, key, new DeleteOptions(), None));
        Assert.Null(await client.TryGetAsync(BuiltIn.ConfigMaps, key, None));
    }

    [Fact]
    public async Task ApplyAsync_TwoManagers_OwnTheirFieldsOnly()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, "shared");
        var mine = new ApplyOptions { FieldManager = "mine", Conflicts = FieldConflicts.Refuse };
        var theirs = mine with { FieldManager = "theirs" };
        JsonObject Data(string name, string value) => new()
        {
            ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = "shared" },
            ["data"] = new JsonObject { [name] = value },
        };

        await client.ApplyAsync(BuiltIn.ConfigMaps, Data("a", "1"), mine, None);
        await client.ApplyAsync(BuiltIn.ConfigMaps, Data("b", "2"), theirs, None);
        var conflict = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.ApplyAsync(BuiltIn.ConfigMaps, Data("a", "9"), theirs, None));
        Assert.True(conflict.IsConflict);
        Assert.Equal("FieldManagerConflict", Assert.Single(conflict.Status.Causes).Reason);

        var forced = theirs with { Conflicts = FieldConflicts.TakeOver };
        await client.ApplyAsync(BuiltIn.ConfigMaps, Data("a", "9"), forced, None);
        var read = await client.GetAsync(BuiltIn.ConfigMaps, key, None);
        Assert.Equal("9", read.Text("data", "a"));
        Assert.Null(read.Text("data", "b")); // applied before by the same manager, and no longer sent

        var dry = forced with { Mode = WriteMode.DryRun };
        Assert.Equal("x", (await client.ApplyAsync(BuiltIn.ConfigMaps, Data("a", "x"), dry, None)).Text("data", "a"));
        Assert.Equal("9", (await client.GetAsync(BuiltIn.ConfigMaps, key, None)).Text("data", "a"));
    }

    [Fact]
    public async Task PatchAsync_EachKind_ChangesTheObject()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, "patched");
        await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, "patched"), None);

        var json = Patch.Json(
            new JsonObject { ["op"] = "test", ["path"] = "/data/value", ["value"] = "1" },
            new JsonObject { ["op"] = "add", ["path"] = "/data/json", ["value"] = "yes" });
        await client.PatchAsync(BuiltIn.ConfigMaps, key, json, None);
        var merge = Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["value"] = null, ["merge"] = "yes" } });
        await client.PatchAsync(BuiltIn.ConfigMaps, key, merge, None);
        var strategic = new Patch(
            PatchKind.Strategic, new JsonObject { ["data"] = new JsonObject { ["strategic"] = "yes" } });
        var read = await client.PatchAsync(BuiltIn.ConfigMaps, key, strategic, None);
        Assert.Equal(
            """{"json":"yes","merge":"yes","strategic":"yes"}""", read.At("data")!.Value.GetRawText());

        var refused = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.PatchAsync(BuiltIn.ConfigMaps, key, json, None));
        Assert.True(refused.IsInvalid);
    }

    [Fact]
    public async Task ListAsync_MoreThanOnePage_GivesAllOnce()
    {
        using var client = server.Client(options: new ClientOptions { PageSize = 3 });
        var ns = await server.NamespaceAsync();
        for (var i = 0; i < 10; i++)
            await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, $"c{i}", "1", i < 4 ? "web" : "db"), None);

        var all = await client.ListAsync(BuiltIn.ConfigMaps, ListOptions.In(ns), None);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"c{i}"), all.Items.Select(o => o.Metadata.Name).Order());
        Assert.NotEqual("", all.ResourceVersion);
        Assert.All(all.Items, o => Assert.Equal("v1 ConfigMap", $"{o.ApiVersion} {o.Kind}"));

        var page = await client.ListPageAsync(BuiltIn.ConfigMaps, ListOptions.In(ns), null, None);
        Assert.Equal(3, page.Items.Count);
        Assert.NotNull(page.Continue);
        var labelled = await client.ListAsync(
            BuiltIn.ConfigMaps, new ListOptions { Namespace = ns, LabelSelector = "app in (web)" }, None);
        Assert.Equal(4, labelled.Items.Count);
        var named = await client.ListAsync(
            BuiltIn.ConfigMaps, new ListOptions { FieldSelector = $"metadata.name=c7,metadata.namespace={ns}" }, None);
        Assert.Single(named.Items);
    }

    [Fact]
    public async Task ListAsync_VersionCompactedBetweenPages_StartsAgainInOnePiece()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy, new ClientOptions { PageSize = 2 });
        var ns = await server.NamespaceAsync();
        for (var i = 0; i < 5; i++) await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, $"c{i}"), None);
        proxy.ExpireContinueTokens(1);
        var all = await client.ListAsync(BuiltIn.ConfigMaps, ListOptions.In(ns), None);
        Assert.Equal(5, all.Items.Count);

        // The same from etcd itself.
        var first = await client.ListPageAsync(BuiltIn.ConfigMaps, ListOptions.In(ns), null, None);
        await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, "later"), None);
        await server.CompactAsync();
        var gone = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.ListPageAsync(BuiltIn.ConfigMaps, ListOptions.In(ns), first.Continue, None));
        Assert.True(gone.IsExpired);
    }

    [Fact]
    public async Task StatusAndScale_Deployment_AreWrittenThroughTheirSubresources()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, "web");
        await client.ApplyAsync(
            BuiltIn.Deployments, Workloads.Deployment(ns, "web", replicas: 2), new ApplyOptions(), None);
        Assert.Equal(2, (await client.GetScaleAsync(BuiltIn.Deployments, key, None)).SpecReplicas);
        var scale = await client.SetScaleAsync(BuiltIn.Deployments, key, 5, None);
        Assert.Equal(5, scale.SpecReplicas);

        var status = new JsonObject
        {
            ["status"] = new JsonObject { ["replicas"] = 4, ["observedGeneration"] = 1 },
            ["spec"] = new JsonObject { ["replicas"] = 77 }, // must be ignored on this path
        };
        await client.PatchAsync(BuiltIn.Deployments, key, Patch.MergeStatus(status), None);
        var read = await client.GetAsync(BuiltIn.Deployments, key, None);
        Assert.Equal(4, read.Json.Number("status", "replicas"));
        Assert.Equal(5, read.Json.Number("spec", "replicas"));
    }

    [Fact]
    public async Task EvictAsync_BudgetThatAllowsNone_IsNotNow_AndWithoutBudgetEvicts()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var capabilities = await client.GetCapabilitiesAsync(None);
        var free = await client.CreateAsync(BuiltIn.Pods, Workloads.Pod(ns, "free", "free"), None);
        await client.CreateAsync(BuiltIn.Pods, Workloads.Pod(ns, "kept", "kept"), None);
        await Workloads.MakeReadyAsync(client, ns, "kept");
        await client.CreateAsync(
            BuiltIn.PodDisruptionBudgets(capabilities.DisruptionBudgetVersion), Workloads.Budget(ns, "kept"), None);

        Assert.IsType<EvictionOutcome.NotNow>(await client.EvictAsync(new(ns, "kept"), null, None));
        Assert.IsType<EvictionOutcome.AlreadyGone>(
            await client.EvictAsync(new(ns, "free"), "00000000-0000-0000-0000-000000000000", None));
        Assert.IsType<EvictionOutcome.Evicted>(await client.EvictAsync(new(ns, "free"), free.Metadata.Uid, None));
        Assert.IsType<EvictionOutcome.AlreadyGone>(await client.EvictAsync(new(ns, "missing"), null, None));
    }

    [Fact]
    public async Task ReviewTokenAsync_TokenOfAPod_NamesThePod()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var account = new JsonObject { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = "sidecar" } };
        await client.CreateAsync(BuiltIn.ServiceAccounts, account, None);
        var body = Workloads.Pod(ns, "shop-1", "shop");
        body["spec"]!["serviceAccountName"] = "sidecar";
        var pod = await client.CreateAsync(BuiltIn.Pods, body, None);

        var bound = await Workloads.TokenAsync(client, ns, "sidecar", "waf-test", pod);
        var free = await Workloads.TokenAsync(client, ns, "sidecar", "waf-test");

        Assert.Equal(("shop-1", pod.Metadata.Uid), (await client.ReviewTokenAsync(bound, ["waf-test"], None))!.Pod);
        Assert.Null((await client.ReviewTokenAsync(free, ["waf-test"], None))!.Pod);
    }

    [Fact]
    public async Task ReviewTokenAsync_ServiceAccountToken_IsKnownForItsAudienceOnly()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var account = new JsonObject { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = "sidecar" } };
        await client.CreateAsync(BuiltIn.ServiceAccounts, account, None);
        var token = await Workloads.TokenAsync(client, ns, "sidecar", "waf-test");

        var identity = await client.ReviewTokenAsync(token, ["waf-test"], None);
        Assert.NotNull(identity);
        Assert.Equal((ns, "sidecar"), identity.ServiceAccount);
        Assert.Equal(["waf-test"], identity.Audiences);
        Assert.Null(await client.ReviewTokenAsync(token, ["https://kubernetes.test"], None));
        Assert.Null(await client.ReviewTokenAsync("not-a-token", ["waf-test"], None));
    }

    [Fact]
    public async Task Access_AdminAndServiceAccount_AreToldApart()
    {
        using var admin = server.Client();
        using var nobody = server.Client(TestApiServer.NobodyToken);
        Assert.True(await admin.MayIAsync(ApiVerb.Patch, BuiltIn.Pods, "default", None, "status"));
        Assert.False(await nobody.MayIAsync(ApiVerb.List, BuiltIn.Pods, null, None));
        var account = new TokenIdentity("system:serviceaccount:default:x", "", ["system:serviceaccounts"], []);
        Assert.False(await admin.MayAsync(account, ApiVerb.Get, BuiltIn.Secrets, new("default", "one"), None));
    }

    [Fact]
    public async Task MissingRights_EachVerb_NamesVerbAndResource()
    {
        using var client = server.Client(TestApiServer.NobodyToken);
        var list = await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.ListAsync(BuiltIn.Deployments, ListOptions.In("default"), None));
        Assert.True(list.IsForbidden);
        Assert.Contains(
            "cannot list deployments.apps in namespace default: 403 Forbidden", list.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "Next: grant the verb \"list\" on \"deployments.apps\" in namespace default",
            list.Message,
            StringComparison.Ordinal);
        var status = await Assert.ThrowsAsync<KubernetesApiException>(() => client.PatchAsync(
            BuiltIn.Deployments, new("default", "web"), Patch.MergeStatus([]), None));
        Assert.Contains("\"patch\" on \"deployments.apps/status\"", status.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', status.Message);
    }

    [Fact]
    public async Task GetAsync_TypeThatIsNotServed_AsksForItsDefinition()
    {
        using var client = server.Client();
        var type = new ResourceType("example.test", "v1", "things", "Thing", ResourceScope.Namespaced).AsJson();
        Assert.False(await client.ServesAsync(type, None));
        Assert.True(await client.ServesAsync(BuiltIn.Deployments, None));
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => client.ListAsync(type, ListOptions.All, None));
        Assert.Contains("is the resource's definition (CRD) installed?", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetCapabilitiesAsync_RealServer_TellsWhatItServes()
    {
        using var client = server.Client();
        var capabilities = await client.GetCapabilitiesAsync(None);
        Assert.Equal((1, 20), (capabilities.Major, capabilities.Minor));
        Assert.Equal("Kubernetes v1.20.2", capabilities.ToString());
        Assert.False(capabilities.NativeSidecars);
        Assert.False(capabilities.WebhookMatchConditions);
        Assert.True(capabilities.Serves("apps/v1"));
        Assert.True(capabilities.Serves("v1"));
        Assert.Equal("v1beta1", capabilities.DisruptionBudgetVersion);
        Assert.Equal("v2beta2", capabilities.AutoscalerVersion);
        Assert.Equal("v1beta1", capabilities.EvictionVersion);
    }

    [Fact]
    public async Task Finalizers_AddAndRemove_HoldDeletionUntilRemoved()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, "held");
        var created = await client.CreateAsync(BuiltIn.ConfigMaps, ConfigMap(ns, "held"), None);
        var added = await client.PatchAsync(
            BuiltIn.ConfigMaps, key, Finalizers.Add(created.Metadata, "wafoperator.dev/test")!, None);
        Assert.Null(Finalizers.Add(added.Metadata, "wafoperator.dev/test"));
        var stale = await Assert.ThrowsAsync<KubernetesApiException>(() => client.PatchAsync(
            BuiltIn.ConfigMaps, key, Finalizers.Add(created.Metadata, "wafoperator.dev/other")!, None));
        Assert.True(stale.IsConflict);

        await client.DeleteAsync(BuiltIn.ConfigMaps, key, new DeleteOptions(), None);
        var dying = await client.GetAsync(BuiltIn.ConfigMaps, key, None);
        Assert.True(dying.Metadata.IsBeingDeleted);
        Assert.Null(Finalizers.Add(dying.Metadata, "wafoperator.dev/other"));
        await client.PatchAsync(
            BuiltIn.ConfigMaps, key, Finalizers.Remove(dying.Metadata, "wafoperator.dev/test")!, None);
        Assert.Null(await client.TryGetAsync(BuiltIn.ConfigMaps, key, None));
    }
}
