using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

public sealed class ListenPortTests
{
    [Theory, InlineData(InjectionSettings.FirstListenPortDefault), InlineData(15001), InlineData(4140),
        InlineData(3500), InlineData(50001), InlineData(20000), InlineData(21000)]
    public void TheSidecar_ListensOutsideOfTheRangesOfMeshes(int first)
    {
        var inject = Assert.IsType<InjectionDecision.Inject>(Decide(first, ports: 40));

        Assert.Equal(40, inject.Report.Ports.Select(port => port.ListenPort).Distinct().Count());
        Assert.All(inject.Report.Ports, port => Assert.False(Meshes.IsReserved(port.ListenPort), $"{port}"));
        Assert.All(inject.Report.Ports, port => Assert.InRange(port.ListenPort, first, 65535));
        Assert.False(Meshes.IsReserved(InjectionSettings.AdminPortDefault));
    }

    [Fact]
    public void APodThatLeavesNoPortFree_IsRefused()
    {
        var deny = Assert.IsType<InjectionDecision.Deny>(Decide(65530, ports: 7));

        Assert.Equal(DenyReason.Clash, deny.Reason);
        Assert.Contains("65530", deny.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("httpGet: {port: 16500}"), InlineData("tcpSocket: {port: 16500}"),
        InlineData("grpc: {port: 16500}")]
    public void APortThatOnlyAProbeNames_IsInUse(string probe)
    {
        var inject = Assert.IsType<InjectionDecision.Inject>(Decide(16500, ports: 1, probe));

        Assert.Equal(16501, Assert.Single(inject.Report.Ports).ListenPort);
    }

    private static InjectionDecision Decide(int first, int ports, string probe = "exec: {command: [\"true\"]}")
    {
        var list = string.Join(", ", Enumerable.Range(8000, ports).Select(port => $"{{containerPort: {port}}}"));
        return Injector.Decide(new()
        {
            Pod = YamlText.Read($$"""
                metadata: {name: shop, annotations: {wafoperator.dev/inject: "true"} }
                spec:
                  containers:
                  - name: shop
                    ports: [{{list}}]
                    readinessProbe: {{{probe}} }
                """)!.AsObject(),
            Namespace = "shop",
            Policy = new PolicyChoice.Found("shop", new WafPolicySpec()),
            Settings = GoldenInput.Settings(native: false) with { FirstListenPort = first },
        });
    }
}
