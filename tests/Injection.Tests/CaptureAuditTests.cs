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
    Assert.Empty(Audit(Inject(ByName), ByName));

    [Fact]
    public void AServiceThatTargetsTheNumber_IsCapturedByARedirect() =>
        Assert.Empty(Audit(Inject(ByNumber), ByName, ByNumber));

    [Fact]
    public void AServiceThatCameLaterAndTargetsTheNumber_LeadsAroundAHandOver() =>
        Assert.Equal([new UncapturedPort("shop", 8080)], Audit(Inject(ByName), ByName, ByNumber));

    [Fact]
    public void ATargetThatNoContainerDeclares_IsFound()
    {
        var finding = Assert.Single(Audit(Inject(ByName), ByName, Service(new("web", 0))));

        Assert.Equal(new UncapturedPort("shop", 0, UncapturedKind.Unresolved, "web"), finding);
        Assert.Equal("Service shop port web", finding.ToString());
    }

    [Fact]
    public void APortThatSaysItIsNotHttp_IsFoundAsSuch_UntilThePodNamesItsPorts()
    {
        var tcp = Service(new(null, 9090) { Protocol = PortProtocol.Other });
        var pod = Inject(ByName);

        Assert.Equal([new UncapturedPort("shop", 9090, UncapturedKind.NotHttp)], Audit(pod, tcp));
        pod["metadata"]!["annotations"]!["wafoperator.dev/ports"] = "http";
        Assert.Empty(Audit(pod, tcp));
        Assert.Equal([new UncapturedPort("shop", 9090)], Audit(pod, Service(new(null, 9090))));
    }

    [Fact]
    public void ThePortOfANativeSidecar_IsSeen()
    {
        var pod = Inject(ByName);
        pod["spec"]!["initContainers"] = JsonNode.Parse("""
            [{"name": "setup", "ports": [{"name": "once", "containerPort": 7000}]},
             {"name": "auth", "restartPolicy": "Always", "ports": [{"name": "web", "containerPort": 4180}]}]
            """);

        Assert.Equal([new UncapturedPort("shop", 4180)], Audit(pod, Service(new("web", 0))));
        Assert.Equal(UncapturedKind.Unresolved, Assert.Single(Audit(pod, Service(new("once", 0)))).Kind);
        Assert.Contains(4180, CapturedPod.Read(pod)!.OpenPorts);
    }

    [Fact]
    public void ThePortsOfAMesh_AreNoWayAround()
    {
        var pod = Inject(ByName);
        pod["spec"]!["initContainers"] = JsonNode.Parse("""
            [{"name": "istio-proxy", "restartPolicy": "Always", "ports": [{"containerPort": 15090}]}]
            """);

        Assert.Empty(Audit(pod, Service(new(null, 15090))));
    }

    [Fact]
    public void APodWithoutASidecar_IsNotSpokenOf() => Assert.Null(CapturedPod.Read(Pod()));

    [Fact]
    public void AHandedOverPort_IsClosedToPeers() =>
        Assert.Equal([9090, 16500, 16520], CapturedPod.Read(Inject(ByName))!.OpenPorts);

    [Fact]
    public void ARedirectedPort_StaysOpenToPeers_BecauseItLeadsToTheSidecar() =>
        Assert.Equal([8080, 9090, 16500, 16520], CapturedPod.Read(Inject(ByNumber))!.OpenPorts);

    [Theory, InlineData("""{"metadata":""}"""), InlineData("""{"metadata":7,"spec":""}"""), InlineData("{}")]
    public void APodOfOddShapes_IsRead(string pod) => Assert.Null(CapturedPod.Read(JsonNode.Parse(pod)!.AsObject()));

    [Fact]
    public void TheLabelOfAnInjectedPod_IsThatOfItsOpenPorts()
    {
        var pod = Inject(ByName);
        Assert.Equal(CapturedPod.Read(pod)!.OpenPortsLabel,
            pod["metadata"]!["labels"]!["wafoperator.dev/open-ports"]!.GetValue<string>());
    }

    private static IReadOnlyList<UncapturedPort> Audit(JsonObject pod, params ServiceView[] services) =>
        CaptureAudit.Uncaptured(
            CapturedPod.Read(pod)!, new Dictionary<string, string> { ["app"] = "shop" }, services);

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
        spec:
          containers:
          - {name: shop, image: x, ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]}
        """)!.AsObject();

    private static ServiceView Service(ServiceTarget target) =>
        new() { Name = "shop", Selector = new Dictionary<string, string> { ["app"] = "shop" }, Targets = [target] };
}
