using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Tests;

/// <summary>Pods that come to the injector with a sidecar in them.</summary>
public sealed class BroughtSidecarTests
{
    [Theory]
    [InlineData("as injected", true)]
    [InlineData("a digest for the tag", true)]
    [InlineData("probes rewritten", true)]
    [InlineData("a service account's token", true)]
    [InlineData("an older tag", false)]
    [InlineData("another policy", false)]
    [InlineData("another operator", false)]
    [InlineData("a variable more with our prefix", false)]
    [InlineData("the state mounted by the application", false)]
    [InlineData("another program", false)]
    public void OneThatWouldBeInjected_Passes_AndNoOther(string change, bool passes)
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input);
        InjectedSidecarTests.Apply(change, pod);
        // Whoever forges a sidecar writes the print of it, too.
        if (SidecarPrint.Of(pod) is { } print) pod["metadata"]!["annotations"]!["wafoperator.dev/injected"] = print;

        Expect(passes, Injector.Decide(input with { Pod = pod }));
    }

    [Theory]
    [InlineData("waf-identity", """{"name":"waf-identity","configMap":{"name":"own"}}""")]
    [InlineData("waf-state", """{"name":"waf-state","hostPath":{"path":"/tmp"}}""")]
    public void OneWithAnotherVolume_IsRefused(string name, string volume)
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input);
        var volumes = pod["spec"]!["volumes"]!.AsArray();
        var index = volumes.ToList().FindIndex(v => (string?)v!["name"] == name);
        volumes[index] = JsonNode.Parse(volume);

        Expect(false, Injector.Decide(input with { Pod = pod }));
    }

    [Fact]
    public void OneWithDefaultsOfTheApiServer_Passes()
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input);
        foreach (var volume in pod["spec"]!["volumes"]!.AsArray())
            if (volume!["projected"] is JsonObject projected) projected["defaultMode"] = 420;

        Expect(true, Injector.Decide(input with { Pod = pod }));
    }

    [Fact]
    public void OneForAPolicyThatHasChangedSince_IsRefused()
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input with
        {
            Policy = new PolicyChoice.Found("shop", new() { FailureModes = new() { Config = FailureMode.Open } }),
        });

        Expect(false, Injector.Decide(input with { Pod = pod }));
    }

    [Fact]
    public void OneThatAServiceLeadsAround_IsRefused()
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input);
        var other = input.Services[0] with { Name = "other", Targets = [new(null, 8080)] };

        var decision = Injector.Decide(input with { Pod = pod, Services = [.. input.Services, other] });

        Assert.Equal(DenyReason.CaptureImpossible, Assert.IsType<InjectionDecision.Deny>(decision).Reason);
    }

    private static void Expect(bool passes, InjectionDecision decision)
    {
        if (passes)
            Assert.Equal(SkipReason.AlreadyInjected, Assert.IsType<InjectionDecision.Skip>(decision).Reason);
        else Assert.Equal(DenyReason.Clash, Assert.IsType<InjectionDecision.Deny>(decision).Reason);
    }
}
