using System.Text.Json.Nodes;

namespace WafOperator.Injection.Tests;

public sealed class PodChangesTests
{
    /// <summary>Where, what is put there, and whether the change passes.</summary>
    public static TheoryData<string, string, bool> Changes => new()
    {
        { "metadata.labels.app", "\"other\"", true },
        { "metadata.annotations.note", "\"mine\"", true },
        { "metadata.finalizers", "[\"x\"]", true },
        { "spec.activeDeadlineSeconds", "5", true },
        { "shop.image", "\"shop:2\"", true },
        { "waf-sidecar.image", "\"registry.example/waf/sidecar:1\"", true },
        { "waf-sidecar.image", "\"registry.example/waf/sidecar:0.1\"", false },
        { "waf-sidecar.image", "\"pause\"", false },
        { "waf-init.image", "\"pause\"", false },
        { "waf-sidecar.command", "[\"sleep\"]", false },
        { "waf-sidecar.resources.limits.memory", "\"1Gi\"", true },
        { "waf-sidecar.resources.limits.memory", "\"16Mi\"", false },
        { "waf-sidecar.resources.limits.memory", "null", true },
        { "waf-sidecar.resources.limits.cpu", "\"1m\"", false },
        { "waf-sidecar.resources.requests.cpu", "\"1m\"", false },
        { "waf-sidecar.resources.requests.cpu", "\"2\"", true },
        { "waf-sidecar.resources.requests.cpu", "null", false },
        { "waf-sidecar.resources.requests.memory", "\"1\"", false },
        { "waf-sidecar.resources.requests.memory", "\"much\"", false },
        { "shop.resources", "{\"limits\": {\"memory\": \"1Mi\"} }", true },
        { "metadata.annotations.wafoperator*dev/injected", "\"0123456789abcdef\"", false },
        { "metadata.annotations.wafoperator*dev/injected-policy", "\"mild\"", false },
        { "metadata.annotations.wafoperator*dev/injected-policy", "null", false },
        { "metadata.annotations.wafoperator*dev/ports", "\"9999\"", false },
        { "metadata.annotations.wafoperator*dev/inject", "\"false\"", false },
        { "metadata.labels.wafoperator*dev/open-ports", "\"0123456789abcdef\"", false },
        { "metadata.labels.wafoperator*dev/sidecar", "null", false },
        { "spec.ephemeralContainers", Debug(""), true },
        { "spec.ephemeralContainers", Debug("\"targetContainerName\": \"shop\""), true },
        { "spec.ephemeralContainers", Capability("NET_RAW"), true },
        { "spec.ephemeralContainers", Debug("\"targetContainerName\": \"waf-sidecar\""), false },
        { "spec.ephemeralContainers", Debug("\"volumeMounts\": [{\"name\": \"waf-state\", \"mountPath\": \"/x\"}]"),
            false },
        { "spec.ephemeralContainers", Debug("\"securityContext\": {\"privileged\": true}"), false },
        { "spec.ephemeralContainers", Capability("NET_ADMIN"), false },
        { "spec.ephemeralContainers", Capability("CAP_SYS_PTRACE"), false },
        { "spec.ephemeralContainers", Capability("all"), false },
    };

    [Theory, MemberData(nameof(Changes))]
    public void Refusal_OfAChangeOfAnInjectedPod(string place, string value, bool passes)
    {
        var input = InjectedPods.Input(isRedirected: true);
        var before = InjectedPods.Injected(input);
        var after = (JsonObject)before.DeepClone();
        Put(after, place, JsonNode.Parse(value));

        var refusal = PodChanges.Refusal(before, after, input.Settings);

        Assert.True(refusal is null == passes, $"{place}: {refusal}");
    }

    [Fact]
    public void Refusal_OfAnotherTag_IsNotForThePodsOfAnOlderRelease()
    {
        var input = InjectedPods.Input();
        var before = InjectedPods.Injected(input with
        {
            Settings = input.Settings with { SidecarImage = "registry.example/waf/sidecar:0.9" },
        });
        var after = (JsonObject)before.DeepClone();
        Put(after, "metadata.labels.app", "other");
        Assert.Null(PodChanges.Refusal(before, after, input.Settings));
        Put(after, "waf-sidecar.image", input.Settings.SidecarImage);
        Assert.Null(PodChanges.Refusal(before, after, input.Settings));
    }

    [Fact]
    public void Refusal_OfAPodWithoutASidecar_IsNone()
    {
        var input = InjectedPods.Input();
        var after = (JsonObject)input.Pod.DeepClone();
        Put(after, "spec.ephemeralContainers", JsonNode.Parse(Capability("ALL")));

        Assert.Null(PodChanges.Refusal(input.Pod, after, input.Settings));
    }

    private static string Debug(string more) =>
        "[{\"name\": \"debug\", \"image\": \"busybox\"" + (more.Length > 0 ? ", " + more : "") + "}]";

    private static string Capability(string name) =>
        Debug("\"securityContext\": {\"capabilities\": {\"add\": [\"" + name + "\"]}}");

    private static void Put(JsonObject pod, string place, JsonNode? value)
    {
        var path = place.Split('.').Select(segment => segment.Replace('*', '.')).ToList();
        var at = path[0] is "metadata" or "spec" ? pod : null;
        if (at is null) (at, path) = (pod.Container(path[0]), path[1..]);
        foreach (var segment in path[..^1]) at = at![segment]!.AsObject();
        if (value is null) at!.Remove(path[^1]);
        else at![path[^1]] = value;
    }
}
