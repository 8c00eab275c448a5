using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

/// <summary>Pods as the injector leaves them, for tests of what becomes of them.</summary>
internal static class InjectedPods
{
    public static PodInjectionInput Input(bool isNative = false, bool isRedirected = false) => new()
    {
        Pod = YamlText.Read("""
            apiVersion: v1
            kind: Pod
            metadata: {name: shop-1, labels: {app: shop}, annotations: {wafoperator.dev/inject: "true"}}
            spec: {containers: [{name: shop, image: shop, ports: [{name: http, containerPort: 8080}]}]}
            """)!.AsObject(),
        Namespace = "shop",
        Services =
        [
            new ServiceView
            {
                Name = "shop", Selector = new Dictionary<string, string> { ["app"] = "shop" },
                Targets = [isRedirected ? new(null, 8080) : new("http", 0)],
            },
        ],
        Policy = new PolicyChoice.Found("shop", new()),
        Settings = GoldenInput.Settings(isNative),
    };

    public static JsonObject Injected(PodInjectionInput input) =>
        Assert.IsType<InjectionDecision.Inject>(Injector.Decide(input)).Pod;

    public static JsonObject Container(this JsonObject pod, string name) =>
        PodView.Objects(pod["spec"]!["containers"]).Concat(PodView.Objects(pod["spec"]!["initContainers"]))
            .Single(container => (string?)container["name"] == name);
}
