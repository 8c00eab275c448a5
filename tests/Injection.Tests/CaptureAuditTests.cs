using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

public sealed class CaptureAuditTests
{
    private static readonly ServiceView ByName = Service(new("http", 0));
    private static readonly ServiceView ByNumber = Service(new(null, 8080));

    [Fact]
    public void AServiceThatTargetsTheName_IsCapturedByAHandOver() =>
    Assert.Empty(CaptureAudit.Uncaptured(Inject(ByName), [ByName]));

    [Fact]
    public void AServiceThatTargetsTheNumber_IsCapturedByARedirect() =>
        Assert.Empty(CaptureAudit.Uncaptured(Inject(ByNumber), [ByName, ByNumber]));

    [Fact]
    public void AServiceThatCameLaterAndTargetsTheNumber_LeadsAroundAHandOver() =>
        Assert.Equal([new UncapturedPort("shop", 8080)], CaptureAudit.Uncaptured(Inject(ByName), [ByName, ByNumber]));

    [Fact]
    public void APodWithoutASidecar_IsNotSpokenOf() => Assert.Empty(CaptureAudit.Uncaptured(Pod(), [ByNumber]));

    private static JsonObject Inject(ServiceView service) =>
        Assert.IsType<InjectionDecision.Inject>(Injector.Decide(new()
    {
        Pod = Pod(),
        Namespace = "shop",
        Services = [service],
        Policy = new PolicyChoice.Found("shop", new WafPolicySpec()),
        Settings = GoldenInput.Settings(native: false),
    })).Pod;

    private static JsonObject Pod() => YamlText.Read("""
        metadata: {name: shop, labels: {app: shop}, annotations: {wafoperator.dev/inject: "true"}}
        spec: {containers: [{name: shop, image: x, ports: [{name: http, containerPort: 8080}]}]}
        """)!.AsObject();

    private static ServiceView Service(ServiceTarget target) =>
        new() { Name = "shop", Selector = new Dictionary<string, string> { ["app"] = "shop" }, Targets = [target] };
}
