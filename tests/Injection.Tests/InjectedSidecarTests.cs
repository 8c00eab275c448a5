using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;

namespace WafOperator.Injection.Tests;

public sealed class InjectedSidecarTests
{
    private static readonly string Image = GoldenInput.Settings(false).SidecarImage;

    /// <summary>What the cluster and other webhooks do to a pod, and what takes the sidecar's place.</summary>
    public static TheoryData<string, bool> Changes => new()
    {
        { "as injected", true },
        { "an older tag", true },
        { "a digest for the tag", true },
        { "probes rewritten", true },
        { "defaults filled in", true },
        { "a service account's token", true },
        { "a foreign variable", true },
        { "resources changed", true },
        { "another user", true },
        { "an image of another repository", false },
        { "an image that begins alike", false },
        { "another program", false },
        { "other arguments", false },
        { "another policy", false },
        { "another operator", false },
        { "an own variable twice", false },
        { "an own variable less", false },
        { "a variable more with our prefix", false },
        { "code loaded by variable", false },
        { "a library loaded by variable", false },
        { "variables out of a Secret", false },
        { "a volume over the program", false },
        { "a volume over the token", false },
        { "the state mounted by the application", false },
        { "the state mounted by a debugging container", false },
        { "its own mount taken away", false },
        { "a hook that ends it", false },
        { "the annotation away", false },
        { "another annotation", false },
    };

    [Theory, MemberData(nameof(Changes))]
    public void IsIn_WhatWasInjected_AndNothingElse(string change, bool expected)
    {
        foreach (var (isNative, isRedirected) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            var pod = InjectedPods.Injected(InjectedPods.Input(isNative, isRedirected));
            Apply(change, pod);
            Assert.True(InjectedSidecar.IsIn(pod, Image) == expected, $"{change}, native {isNative}");
        }
    }

    [Theory]
    [InlineData("args")]
    [InlineData("image")]
    [InlineData("command")]
    public void IsIn_APodWhoseRedirectWasChanged_HasNone(string field)
    {
        var pod = InjectedPods.Injected(InjectedPods.Input(isRedirected: true));
        pod.Container("waf-init")[field] = field == "image" ? "other/init:1" : new JsonArray("8080=9999");

        Assert.False(InjectedSidecar.IsIn(pod, Image));
    }

    [Fact]
    public void IsIn_ANativeSidecarThatNoLongerGoesOn_IsNone()
    {
        var pod = InjectedPods.Injected(InjectedPods.Input(isNative: true));
        pod.Container("waf-sidecar").Remove("restartPolicy");

        Assert.False(InjectedSidecar.IsIn(pod, Image));
    }

    [Theory, InlineData("""{"metadata":7,"spec":""}"""), InlineData("{}")]
    [InlineData("""{"spec":{"containers":[{"name":"waf-sidecar","env":[7],"volumeMounts":"x","envFrom":{}}]}}""")]
    public void APodOfOddShapes_HasNone(string pod) =>
        Assert.False(InjectedSidecar.IsIn(JsonNode.Parse(pod)!.AsObject(), Image));

    internal static void Apply(string change, JsonObject pod)
    {
        var sidecar = pod.Container("waf-sidecar");
        var environment = sidecar["env"]!.AsArray();
        var mounts = sidecar["volumeMounts"]!.AsArray();
        var annotations = pod["metadata"]!["annotations"]!.AsObject();
        switch (change)
        {
            case "as injected": break;
            case "an older tag": sidecar["image"] = "registry.example/waf/sidecar:0.9"; break;
            case "a digest for the tag": sidecar["image"] = "registry.example/waf/sidecar@sha256:ab"; break;
            case "probes rewritten": sidecar["readinessProbe"]!["httpGet"]!["port"] = 15020; break;
            case "defaults filled in": sidecar["terminationMessagePath"] = "/dev/termination-log"; break;
            case "a service account's token":
                mounts.Add(Mount("kube-api-access-x", "/var/run/secrets/kubernetes.io/serviceaccount"));
                break;
            case "a foreign variable": environment.Add(Variable("AWS_REGION", "eu")); break;
            case "resources changed": sidecar["resources"]!["limits"]!["memory"] = "1Gi"; break;
            case "another user": sidecar["securityContext"]!["runAsUser"] = 70000; break;
            case "an image of another repository": sidecar["image"] = "evil.example/waf/sidecar:1"; break;
            case "an image that begins alike": sidecar["image"] = "registry.example/waf/sidecar-evil:1"; break;
            case "another program": sidecar["command"] = new JsonArray("sleep"); break;
            case "other arguments": sidecar["args"] = new JsonArray("wait"); break;
            case "another policy": Find(environment, "WAF_POLICY")["value"] = "mild"; break;
            case "another operator": Find(environment, "WAF_OPERATOR_URL")["value"] = "https://evil.example"; break;
            case "an own variable twice": environment.Add(Variable("WAF_POLICY", "shop")); break;
            case "an own variable less": environment.Remove(Find(environment, "WAF_CA_FILE")); break;
            case "a variable more with our prefix": environment.Add(Variable("WAF_WITHOUT_POLICY", "Open")); break;
            case "code loaded by variable": environment.Add(Variable("DOTNET_STARTUP_HOOKS", "/x.dll")); break;
            case "a library loaded by variable": environment.Add(Variable("LD_PRELOAD", "/x.so")); break;
            case "variables out of a Secret":
                sidecar["envFrom"] = new JsonArray(new JsonObject { ["secretRef"] = new JsonObject() });
                break;
            case "a volume over the program": mounts.Add(Mount("own", "/app")); break;
            case "a volume over the token": mounts.Add(Mount("own", "/var/run/secrets/wafoperator.dev/token")); break;
            case "the state mounted by the application":
                pod.Container("shop")["volumeMounts"] = new JsonArray(Mount("waf-state", "/x"));
                break;
            case "the state mounted by a debugging container":
                pod["spec"]!["ephemeralContainers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "debug", ["volumeMounts"] = new JsonArray(Mount("waf-state", "/x")),
                });
                break;
            case "its own mount taken away": mounts.RemoveAt(0); break;
            case "a hook that ends it":
                sidecar["lifecycle"] = new JsonObject
                {
                    ["postStart"] = new JsonObject
                    {
                        ["exec"] = new JsonObject { ["command"] = new JsonArray("kill") },
                    },
                };
                break;
            case "the annotation away": annotations.Remove("wafoperator.dev/injected"); break;
            case "another annotation": annotations["wafoperator.dev/injected"] = "0123456789abcdef"; break;
            default: throw new ArgumentOutOfRangeException(nameof(change), change, "no such change");
        }
    }

    private static JsonObject Find(JsonArray environment, string name) =>
        environment.OfType<JsonObject>().Single(variable => (string?)variable["name"] == name);

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static JsonObject Mount(string name, string path) => new() { ["name"] = name, ["mountPath"] = path };
}
