using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Tests;

/// <summary>Pods that come to the injector with a sidecar in them.</summary>
public sealed class BroughtSidecarTests
{
    [Theory]
    [InlineData("as injected", true)]
    [InlineData("a digest for the tag", false)]
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

    /// <summary>A webhook may put the digest for the tag where the installation names it.</summary>
    [Theory]
    [InlineData("registry.example/waf/sidecar@sha256:ab", true)]
    [InlineData("registry.example/waf/sidecar:1@sha256:ab", true)]
    [InlineData("registry.example/waf/sidecar@sha256:cd", false)]
    [InlineData("registry.example/waf/sidecar:1@sha256:cd", false)]
    [InlineData("evil.example/waf/sidecar@sha256:ab", false)]
    public void OneByDigest_PassesWithTheDigestOfTheInstallationOnly(string image, bool passes)
    {
        var input = InjectedPods.Input();
        input = input with
        {
            Settings = input.Settings with { SidecarImage = "registry.example/waf/sidecar:1@sha256:ab" },
        };
        var pod = InjectedPods.Injected(input);
        pod.Container("waf-sidecar")["image"] = image;

        Expect(passes, Injector.Decide(input with { Pod = pod }));
    }

    /// <summary>Whoever writes the pod writes its print, too, and says which ports are captured.</summary>
    [Theory]
    [InlineData("a port that nothing uses", true)]
    [InlineData("a port less", true)]
    [InlineData("named ports where the policy redirects", true)]
    [InlineData("named ports where a Service is headless", true)]
    [InlineData("a port more, added by another webhook", false)]
    public void OneForOtherPortsThanItWouldGet_IsRefused(string change, bool isRefused)
    {
        foreach (var isNative in (bool[])[false, true])
        {
            var input = InjectedPods.Input(isNative);
            var pod = InjectedPods.Injected(input);
            switch (change)
            {
                case "a port that nothing uses":
                    Listeners(pod, "spare=16500:9999");
                    pod.Container("shop")["ports"] = input.Pod["spec"]!["containers"]![0]!["ports"]!.DeepClone();
                    input = input with { Services = [] };
                    break;
                case "a port less":
                    input.Pod["spec"]!["containers"]![0]!["ports"]!.AsArray().Add(
                        new JsonObject { ["name"] = "admin", ["containerPort"] = 8081 });
                    pod.Container("shop")["ports"]!.AsArray().Add(
                        new JsonObject { ["name"] = "admin", ["containerPort"] = 8081 });
                    input = input with
                    {
                        Services = [input.Services[0] with { Targets = [new("http", 0), new("admin", 0)] }],
                    };
                    break;
                case "named ports where the policy redirects":
                    input = input with
                    {
                        Policy = new PolicyChoice.Found("shop",
                            new() { Interception = new() { Capture = CaptureMode.Redirect } }),
                    };
                    break;
                case "named ports where a Service is headless":
                    input = input with { Services = [input.Services[0] with { IsHeadless = true }] };
                    break;
                default:
                    pod["spec"]!["containers"]!.AsArray().Add(JsonNode.Parse(
                        """{"name":"agent","image":"agent","ports":[{"containerPort":9102}]}"""));
                    break;
            }
            pod["metadata"]!["annotations"]!["wafoperator.dev/injected"] = SidecarPrint.Of(pod);

            var decision = Injector.Decide(input with { Pod = pod });

            if (isRefused) Assert.IsType<InjectionDecision.Deny>(decision);
            else Expect(true, decision);
        }
    }

    [Theory]
    [InlineData("as injected", true)]
    [InlineData("a service account's token", true)]
    [InlineData("a plain variable", true)]
    [InlineData("seLinux options", true)]
    [InlineData("a file over its script", false)]
    [InlineData("programs of its own on the path", false)]
    [InlineData("a library loaded by variable", false)]
    [InlineData("variables out of a Secret", false)]
    [InlineData("a device", false)]
    [InlineData("another folder", false)]
    [InlineData("no right to redirect", false)]
    [InlineData("no rights said", false)]
    [InlineData("it goes on running", false)]
    [InlineData("after what serves", false)]
    [InlineData("an old digest", false)]
    public void OneWhoseRedirectDoesNothing_IsRefused(string change, bool passes)
    {
        foreach (var isNative in (bool[])[false, true])
        {
            var input = InjectedPods.Input(isNative, isRedirected: true);
            var pod = InjectedPods.Injected(input);
            ChangeRedirect(change, pod);
            if (SidecarPrint.Of(pod) is { } print) pod["metadata"]!["annotations"]!["wafoperator.dev/injected"] = print;

            Expect(passes, Injector.Decide(input with { Pod = pod }));
        }
    }

    /// <summary>An ordinary container of that name would be taken for the redirect.</summary>
    [Theory, InlineData("containers"), InlineData("initContainers")]
    public void APodWithAContainerNamedLikeTheRedirect_IsRefused(string list)
    {
        var input = InjectedPods.Input();
        Add(input.Pod["spec"]!.AsObject(), list, """{"name":"waf-init","image":"own"}""");

        Expect(false, Injector.Decide(input));
    }

    /// <summary>A pod of the node's network is none that a sidecar protects, whoever put one into it.</summary>
    [Theory]
    [InlineData("hostNetwork", DenyReason.HostNetwork)]
    [InlineData("hostPID", DenyReason.SharedProcesses)]
    [InlineData("shareProcessNamespace", DenyReason.SharedProcesses)]
    public void OneInAPodThatCannotHaveOne_IsRefused(string field, DenyReason reason)
    {
        var input = InjectedPods.Input();
        var pod = InjectedPods.Injected(input);
        pod["spec"]![field] = true;

        var decision = Injector.Decide(input with { Pod = pod });

        Assert.Equal(reason, Assert.IsType<InjectionDecision.Deny>(decision).Reason);
    }

    private static void ChangeRedirect(string change, JsonObject pod)
    {
        var init = pod.Container("waf-init");
        switch (change)
        {
            case "as injected": break;
            case "a service account's token":
                Add(init, "volumeMounts",
                    """{"name":"kube-api-access-x","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}""");
                break;
            case "a plain variable": Add(init, "env", """{"name":"AWS_REGION","value":"eu"}"""); break;
            case "seLinux options": init["securityContext"]!["seLinuxOptions"] = new JsonObject(); break;
            case "a file over its script":
                Add(init, "volumeMounts",
                    """{"name":"own","mountPath":"/usr/local/bin/waf-redirect","subPath":"true"}""");
                break;
            case "programs of its own on the path":
                Add(init, "env", """{"name":"PATH","value":"/var/run/secrets/own"}""");
                break;
            case "a library loaded by variable":
                Add(init, "env", """{"name":"LD_PRELOAD","value":"/var/run/secrets/own/x.so"}""");
                break;
            case "variables out of a Secret": Add(init, "envFrom", """{"secretRef":{"name":"own"}}"""); break;
            case "a device": Add(init, "volumeDevices", """{"name":"own","devicePath":"/usr/sbin/iptables"}"""); break;
            case "another folder": init["workingDir"] = "/tmp"; break;
            case "no right to redirect": init["securityContext"]!["runAsUser"] = 65532; break;
            case "no rights said": init.Remove("securityContext"); break;
            case "it goes on running": init["restartPolicy"] = "Always"; break;
            case "after what serves":
                pod["spec"]!["initContainers"]!.AsArray().Insert(0,
                    JsonNode.Parse("""{"name":"early","image":"shop","restartPolicy":"Always"}"""));
                break;
            case "an old digest": init["image"] = "registry.example/waf/init@sha256:ab"; break;
            default: throw new ArgumentOutOfRangeException(nameof(change), change, "no such change");
        }
    }

    private static void Add(JsonObject container, string list, string item)
    {
        if (container[list] is not JsonArray items) container[list] = items = [];
        items.Add(JsonNode.Parse(item));
    }

    private static void Listeners(JsonObject pod, string value) => pod.Container("waf-sidecar")["env"]!.AsArray()
        .OfType<JsonObject>().Single(variable => (string?)variable["name"] == "WAF_LISTENERS")["value"] = value;

    private static void Expect(bool passes, InjectionDecision decision)
    {
        if (passes)
            Assert.Equal(SkipReason.AlreadyInjected, Assert.IsType<InjectionDecision.Skip>(decision).Reason);
        else Assert.Equal(DenyReason.Clash, Assert.IsType<InjectionDecision.Deny>(decision).Reason);
    }
}
