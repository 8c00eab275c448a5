using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Pods whose results count: those that run what the operator asked for, and belong to its Job.</summary>
public sealed class OwnPodTests
{
    private const string JobUid = "job-1";

    private static readonly JsonObject Job = EvaluationJob.Build(
        new ObjectMeta { Name = "next", Namespace = "shop", Uid = "version-1" }, "sha256:1", "sha256:0",
        new EvaluationSettings("registry.local/sidecar", "https://operator", "waf-operator", "ca", "ca.crt"));

    [Fact]
    public void APodAsTheClusterMakesIt_IsTheJobsOwn()
    {
        var pod = Pod();
        pod["spec"]!["nodeName"] = "node-1";
        pod["spec"]!["tolerations"] = new JsonArray(new JsonObject { ["key"] = "node.kubernetes.io/not-ready" });
        pod["spec"]!["containers"]![0]!["imagePullPolicy"] = "Always";
        pod["spec"]!["volumes"]![1]!["projected"]!["defaultMode"] = 420;

        Assert.Null(Difference(pod));
    }

    /// <summary>What was changed, as a path below the pod, with its new value as JSON.</summary>
    [Theory]
    [InlineData("metadata.ownerReferences.0.uid", "\"job-2\"")]
    [InlineData("metadata.ownerReferences.0.kind", "\"ReplicaSet\"")]
    [InlineData("metadata.ownerReferences.0.controller", "false")]
    [InlineData("metadata.ownerReferences", "[]")]
    [InlineData("spec.containers.0.image", "\"registry.local/other\"")]
    [InlineData("spec.containers.0.command", "[\"sh\"]")]
    [InlineData("spec.containers.0.args", "[\"evaluate\"]")]
    [InlineData("spec.containers.0.args.2", "\"sha256:2\"")]
    [InlineData("spec.containers.0.env.0.value", "\"https://evil\"")]
    [InlineData("spec.containers.0.envFrom", "[]")]
    [InlineData("spec.containers.0.lifecycle", "{}")]
    [InlineData("spec.containers.0.volumeMounts.1.mountPath", "\"/app\"")]
    [InlineData("spec.initContainers", "[{}]")]
    [InlineData("spec.ephemeralContainers", "[{}]")]
    [InlineData("spec.shareProcessNamespace", "true")]
    [InlineData("spec.hostAliases", "[]")]
    [InlineData("spec.volumes.0", "{\"name\": \"tmp\", \"configMap\": {\"name\": \"mine\"}}")]
    [InlineData("spec.containers", "[{\"name\": \"evaluate\"}, {\"name\": \"other\"}]")]
    public void APodThatRunsSomethingElse_IsNot(string path, string value)
    {
        var pod = Pod();
        JsonNode at = pod;
        var steps = path.Split('.');
        foreach (var step in steps[..^1]) at = int.TryParse(step, out var i) ? at[i]! : at[step]!;
        if (int.TryParse(steps[^1], out var index)) at[index] = JsonNode.Parse(value);
        else at[steps[^1]] = JsonNode.Parse(value);

        Assert.NotNull(Difference(pod));
    }

    private static JsonObject Pod() => new()
    {
        ["metadata"] = new JsonObject
        {
            ["namespace"] = "shop", ["name"] = "x", ["uid"] = "pod-1",
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = "j", ["uid"] = JobUid, ["controller"] = true,
            }),
        },
        ["spec"] = Job["spec"]!["template"]!["spec"]!.DeepClone(),
    };

    private static string? Difference(JsonObject pod) =>
        OwnPod.Difference(KubernetesObject.Parse(System.Text.Encoding.UTF8.GetBytes(pod.ToJsonString())), JobUid, Job);
}
