using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Tests;

/// <summary>Names of ports go into the sidecar's settings: none may be read as anything but one name.</summary>
public sealed class PortNameTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("http", false)]
    [InlineData("Web-8080", false)]
    [InlineData("ht,tp", true)]
    [InlineData("a=1", true)]
    [InlineData("a:1", true)]
    [InlineData("a b", true)]
    [InlineData("a\n", true)]
    [InlineData("\u00e4", true)]
    public void AName_ThatKubernetesDoesNotTake_IsRefused(string? name, bool isRefused) =>
        Assert.Equal(isRefused, IsRefused(name, "TCP"));

    [Fact]
    public void ALongName_IsRefused()
    {
        Assert.False(IsRefused(new('a', 63), "TCP"));
        Assert.True(IsRefused(new('a', 64), "TCP"));
    }

    /// <summary>Ports of other protocols are nobody's listeners.</summary>
    [Fact]
    public void TheNameOfAnotherProtocol_IsNotLookedAt() => Assert.False(IsRefused("a,b", "UDP"));

    private static bool IsRefused(string? name, string protocol)
    {
        var pod = (JsonObject)JsonNode.Parse("""
            {"metadata":{"labels":{"app":"a"},"annotations":{"wafoperator.dev/inject":"true"}},
            "spec":{"containers":[{"name":"a","ports":[{"containerPort":8080}]}]}}
            """)!;
        var port = pod["spec"]!["containers"]![0]!["ports"]![0]!.AsObject();
        if (name is not null) port["name"] = name;
        port["protocol"] = protocol;
        var decision = Injector.Decide(new()
        {
            Pod = pod,
            Namespace = "shop",
            Services = [new() { Name = "a", Selector = new Dictionary<string, string> { ["app"] = "a" },
                Targets = [new(null, 8080)] }],
            Policy = new PolicyChoice.Found("shop", new WafPolicySpec()),
            Settings = GoldenInput.Settings(native: true),
        });
        return decision is InjectionDecision.Deny { Reason: DenyReason.Malformed };
    }
}
