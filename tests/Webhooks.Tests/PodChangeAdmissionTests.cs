using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Resources.Schema;

namespace WafOperator.Webhooks.Tests;

public sealed class PodChangeAdmissionTests
{
    private static JsonObject Bare(string app) => YamlText.Read($$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: shop-1, labels: {app: {{app}} }, annotations: {note: mine} }
        spec: {containers: [{name: shop, image: x, ports: [{name: http, containerPort: 8080}]}]}
        """)!.AsObject();

    private static JsonObject Injected() => Assert.IsType<InjectionDecision.Inject>(Injector.Decide(new()
    {
        Pod = With(Bare("shop"), "annotations", "wafoperator.dev/inject", "true"),
        Namespace = "shop",
        Services = [MemoryCache.ShopService()],
        Policy = new PolicyChoice.Found("shop", new()),
        Settings = AdmissionServer.Settings,
    })).Pod;

    [Fact]
    public async Task AnotherImageForTheSidecar_IsRefused()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var after = (JsonObject)Injected().DeepClone();
        after["spec"]!["containers"]!.AsArray().Single(c => (string?)c!["name"] == "waf-sidecar")!["image"] = "pause";

        var response = await ChangeAsync(server, Injected(), after);

        Assert.False((bool)response["allowed"]!);
        Assert.Contains("waf-sidecar may become", (string)response["status"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADebuggingContainerAimedAtTheSidecar_IsRefused()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var after = (JsonObject)Injected().DeepClone();
        after["spec"]!["ephemeralContainers"] = new JsonArray(
            new JsonObject { ["name"] = "debug", ["targetContainerName"] = "waf-sidecar" });

        var response = await ChangeAsync(server, Injected(), after, "ephemeralcontainers");

        Assert.False((bool)response["allowed"]!);
    }

    /// <summary>As the API server asks about kubectl exec and attach.</summary>
    [Theory]
    [InlineData("exec", "waf-sidecar", false)]
    [InlineData("attach", "waf-sidecar", false)]
    [InlineData("exec", "waf-init", false)]
    [InlineData("exec", "shop", true)]
    [InlineData("attach", null, true)]
    [InlineData("portforward", "waf-sidecar", true)]
    public async Task AProgramInTheSidecarsContainer_IsRefused(string subResource, string? container, bool passes)
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var options = new JsonObject { ["kind"] = "PodExecOptions", ["apiVersion"] = "v1", ["stdout"] = true };
        if (container is not null) options["container"] = container;

        var response = await server.ReviewAsync(
            AdmissionEndpoints.PodChangesPath, options, "CONNECT", null, subResource);

        Assert.Equal(passes, (bool)response["allowed"]!);
    }

    [Fact]
    public async Task ASidecarThatIsMadeSmaller_IsRefused()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var after = (JsonObject)Injected().DeepClone();
        after["spec"]!["containers"]!.AsArray().Single(c => (string?)c!["name"] == "waf-sidecar")!
            ["resources"]!["limits"]!["memory"] = "16Mi";

        Assert.False((bool)(await ChangeAsync(server, Injected(), after, "resize"))["allowed"]!);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task LabelsThatMakeABarePodOneOfATarget_AreRefusedWhereASidecarIsRequired(bool isRequired, bool passes)
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(isRequired));

        var response = await ChangeAsync(server, Bare("other"), Bare("shop"));

        Assert.Equal(passes, (bool)response["allowed"]!);
    }

    [Fact]
    public async Task OtherChangesOfABarePodOfTheTarget_Pass()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(isRequired: true));

        var response = await ChangeAsync(server, Bare("shop"), With(Bare("shop"), "labels", "more", "yes"));

        Assert.True((bool)response["allowed"]!);
    }

    [Fact]
    public async Task LabelsThatAreMovedOffTheTarget_AndBack_PassWithTheSidecar()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(isRequired: true));
        var off = With((JsonObject)Injected().DeepClone(), "labels", "app", "other");

        Assert.True((bool)(await ChangeAsync(server, Injected(), off))["allowed"]!);
        Assert.True((bool)(await ChangeAsync(server, off, Injected()))["allowed"]!);
    }

    [Fact]
    public async Task LabelsThatMakeAnInjectedPodOneOfAnotherRequiringPolicy_AreRefused()
    {
        var cache = MemoryCache.WithShop();
        cache.PolicyList.Add(new()
        {
            Metadata = new() { Name = "strict", Namespace = "shop" },
            Spec = new()
            {
                TargetRefs = [new()
                {
                    Kind = Resources.Policies.TargetKind.Pod,
                    Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "vault" } },
                }],
                Interception = new() { Required = true },
            },
        });
        await using var server = await AdmissionServer.StartAsync(cache);
        var moved = With((JsonObject)Injected().DeepClone(), "labels", "app", "vault");

        Assert.False((bool)(await ChangeAsync(server, Injected(), moved))["allowed"]!);
    }

    [Fact]
    public async Task APodThatIsBeingDeleted_MayChange()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var after = (JsonObject)Injected().DeepClone();
        after["metadata"]!["deletionTimestamp"] = "2026-11-22T12:00:00Z";
        after["metadata"]!["annotations"]!.AsObject().Remove("wafoperator.dev/injected");

        Assert.True((bool)(await ChangeAsync(server, Injected(), after))["allowed"]!);
    }

    private static Task<JsonObject> ChangeAsync(
        AdmissionServer server, JsonObject before, JsonObject after, string subResource = "") =>
        server.ReviewAsync(AdmissionEndpoints.PodChangesPath, after, "UPDATE", before, subResource);

    private static JsonObject With(JsonObject pod, string map, string key, string value)
    {
        pod["metadata"]![map]![key] = value;
        return pod;
    }
}
