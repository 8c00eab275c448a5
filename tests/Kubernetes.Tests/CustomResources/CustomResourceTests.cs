using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Tests.CustomResources;

public sealed class CustomResourceTests(CustomResourceServer server) : IClassFixture<CustomResourceServer>
{
    private static readonly ResourceType<KubernetesObject> Gadgets = CustomResourceServer.Gadgets;

    private static Task<KubernetesObject> ApplyAsync(KubernetesClient client, string name, JsonObject spec)
    {
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = "default", ["name"] = name },
            ["spec"] = spec,
        };
        return client.ApplyAsync(Gadgets, body, new ApplyOptions(), CancellationToken.None);
    }

    [CustomResourceFact]
    public async Task ApplyAsync_ObjectAgainstACelRule_IsRefusedWithTheRulesWords()
    {
        using var client = server.Client();
        var e = await Assert.ThrowsAsync<KubernetesApiException>(
            () => ApplyAsync(client, "large", new JsonObject { ["size"] = 11 }));
        Assert.True(e.IsInvalid);
        Assert.Contains("a gadget is at most 10 large", e.Message, StringComparison.Ordinal);
        Assert.Equal("spec", Assert.Single(e.Status.Causes).Field);
    }

    [CustomResourceFact]
    public async Task ApplyAsync_Again_ChangesNothingAndDropsWhatIsNoLongerSent()
    {
        using var client = server.Client();
        var full = new JsonObject { ["size"] = 3, ["hosts"] = new JsonArray("a", "b") };
        var first = await ApplyAsync(client, "same", (JsonObject)full.DeepClone());
        var second = await ApplyAsync(client, "same", full);
        Assert.Equal(first.Metadata.ResourceVersion, second.Metadata.ResourceVersion);
        var less = await ApplyAsync(client, "same", new JsonObject { ["hosts"] = new JsonArray("b") });
        Assert.Equal(1, less.Json.Number("spec", "size")); // the default is back
        Assert.Equal("""["b"]""", less.At("spec", "hosts")!.Value.GetRawText());
    }

    [CustomResourceFact]
    public async Task ApplyStatus_AndScale_LeaveTheRestAlone()
    {
        using var client = server.Client();
        var key = new NamespacedName("default", "scaled");
        await ApplyAsync(client, "scaled", new JsonObject { ["replicas"] = 2 });
        var ready = new Condition { Type = "Ready", Status = "True" };
        var conditions = Conditions.With([], ready, DateTimeOffset.UnixEpoch);
        var status = new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = "default", ["name"] = "scaled" },
            ["status"] = new JsonObject { ["replicas"] = 1, ["conditions"] = Conditions.ToJson(conditions) },
        };
        var options = new ApplyOptions { FieldManager = "status-writer", Subresource = "status" };
        var written = await client.ApplyAsync(Gadgets, status, options, default);
        Assert.Equal(conditions, Conditions.Read(written));
        Assert.Equal(2, written.Json.Number("spec", "replicas"));

        var scale = await client.SetScaleAsync(Gadgets, key, 4, default);
        Assert.Equal((4, 1), (scale.SpecReplicas, scale.StatusReplicas));
        var read = await client.GetAsync(Gadgets, key, default);
        Assert.Equal(written.Metadata.Generation + 1, read.Metadata.Generation);
    }

    [CustomResourceFact]
    public async Task Informer_ChangesAndPages_AreFollowed()
    {
        using var client = server.Client(new ClientOptions { PageSize = 2 });
        for (var i = 0; i < 5; i++) await ApplyAsync(client, $"page-{i}", new JsonObject { ["size"] = i });
        var selection = new InformerOptions { Selection = ListOptions.In("default") };
        var informer = new Informer<KubernetesObject>(client, Gadgets, selection, TestApiServer.Services);
        using var stop = new CancellationTokenSource();
        var work = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(default);
        Assert.NotNull(informer.Cache.Get(new("default", "page-4")));
        await ApplyAsync(client, "page-4", new JsonObject { ["size"] = 9 });
        await client.DeleteAsync(Gadgets, new("default", "page-0"), new DeleteOptions(), default);
        await Eventually.TrueAsync(
            () => informer.Cache.Get(new("default", "page-4"))?.Json.Number("spec", "size") == 9
                && informer.Cache.Get(new("default", "page-0")) is null,
            "change and deletion are seen");
        await stop.CancelAsync();
        await work;
    }
}
