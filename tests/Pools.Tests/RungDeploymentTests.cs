using System.Text.Json.Nodes;
using WafOperator.Pools;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

/// <summary>What each field of a pool does to the pods of a rung.</summary>
public sealed class RungDeploymentTests
{
    private static readonly PoolSettings Settings =
        new("registry/inference:1", "https://operator", "waf-operator", "waf-operator-ca", "ca.crt");

    public static TheoryData<string, InferencePoolSpec, string> Fields => new()
    {
        { "resource and count", Rung(new() { Resource = "nvidia.com/gpu", Count = 2 }),
            "containers/0/resources/limits/nvidia.com~1gpu = 2" },
        { "resource", Rung(new() { Resource = "nvidia.com/gpu" }), "tolerations/0/key = nvidia.com/gpu" },
        { "provider", Rung(new() { Provider = ExecutionProvider.TensorRt }), "env WAF_PROVIDER = TensorRt" },
        { "precision", Rung(new() { Precision = ModelPrecision.Fp16 }), "env WAF_PRECISION = Fp16" },
        { "image", Rung(new() { Image = "registry/inference-cuda:1" }),
            "containers/0/image = registry/inference-cuda:1" },
        { "image, left out", Rung(new()), "containers/0/image = registry/inference:1" },
        { "runtimeClassName", Rung(new() { RuntimeClassName = "nvidia" }), "runtimeClassName = nvidia" },
        { "cpu", Rung(new() { Cpu = "3" }), "containers/0/resources/requests/cpu = 3" },
        { "memory", Rung(new() { Memory = "7Gi" }), "containers/0/resources/limits/memory = 7Gi" },
        { "queueDelayMax", new() { Batching = new() { QueueDelayMax = "2ms" } }, "env WAF_QUEUE_DELAY_MAX = 2ms" },
        { "batchTokensMax", new() { Batching = new() { BatchTokensMax = 99 } }, "env WAF_BATCH_TOKENS_MAX = 99" },
        { "queueLengthMax", new() { Batching = new() { QueueLengthMax = 7 } }, "env WAF_QUEUE_LENGTH_MAX = 7" },
        { "nodeSelector", new() { Placement = new() { NodeSelector = new Dictionary<string,
            string> { ["zone"] = "a" } } },
            "nodeSelector/zone = a" },
        { "preferNodeLabels",
            new() { Placement = new() { PreferNodeLabels = new Dictionary<string, string> { ["disk"] = "fast" } } },
            "affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchExpressions/0/key"
                + " = disk" },
        { "tolerateTaints", new() { Placement = new() { TolerateTaints = ["batch"] } }, "tolerations/0/key = batch" },
        { "spreadOverNodes", new() { Placement = new() { SpreadOverNodes = true } },
            "topologySpreadConstraints/0/topologyKey = kubernetes.io/hostname" },
        { "spreadOverNodes, not", new() { Placement = new() { SpreadOverNodes = false } },
            "topologySpreadConstraints/0/topologyKey = " },
        { "priorityClassName", new() { Placement = new() { PriorityClassName = "high" } }, "priorityClassName = high" },
        { "imagePullSecrets", new() { ImagePullSecrets = ["registry"] }, "imagePullSecrets/0/name = registry" },
    };

    [Theory, MemberData(nameof(Fields))]
    public void AField_ReachesThePod(string name, InferencePoolSpec spec, string expected)
    {
        var pool = new Resource<InferencePool>(
            new ObjectMeta { Namespace = "shop", Name = "large", Uid = "1" }, new InferencePool { Spec = spec });

        var pod = RungDeployment.Build(pool, spec.Ladder.Count - 1, 1, false, Settings)["spec"]!["template"]!["spec"]!;

        var parts = expected.Split(" = ");
        Assert.True(parts[1] == (At(pod, parts[0]) ?? ""), $"{name}: {At(pod, parts[0])} in {pod}");
    }

    private static InferencePoolSpec Rung(AcceleratorRung rung) => new() { Ladder = [rung] };

    private static string? At(JsonNode pod, string path)
    {
        if (path.StartsWith("env ", StringComparison.Ordinal))
            return pod["containers"]![0]!["env"]!.AsArray().Single(v =>
                (string?)v!["name"] == path[4..])!["value"]!.ToString();
        JsonNode? node = pod;
        foreach (var step in path.Split('/').Select(step => step.Replace("~1", "/", StringComparison.Ordinal)))
        {
            node = node is JsonArray items ? items[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]
                : node?[step];
        }

        return node?.ToString();
    }
}
