using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Inference;
using WafOperator.Resources;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;
using OwnerReference = WafOperator.Kubernetes.Objects.OwnerReference;

namespace WafOperator.Pools;

/// <summary>The objects of a pool besides its Deployments (pure).</summary>
public static class PoolObjects
{
    private static readonly ResourceType Owner =
        new(ApiGroup.Name, ApiGroup.Version, "inferencepools", "InferencePool", ResourceScope.Namespaced);

    /// <summary>Metadata of an object that a pool owns: it goes when the pool goes.</summary>
    public static JsonObject Metadata(Resource<InferencePool> pool, string name, JsonObject labels) => new()
    {
        ["namespace"] = pool.Metadata.Namespace,
        ["name"] = name,
        ["labels"] = labels,
        // Without blockOwnerDeletion, which some clusters let only those set who may change the pool's finalizers.
        ["ownerReferences"] = new JsonArray(
            (OwnerReference.ControllerOf(Owner, pool.Metadata) with { BlockOwnerDeletion = null })
                .ToJson()),
    };

    /// <summary>The Service: requests go to one rung at a time, and changing that is one write.</summary>
    public static JsonObject Service(Resource<InferencePool> pool, int? rung) => new()
    {
        ["metadata"] = Metadata(pool, pool.Metadata.Name, Labels(pool)),
        ["spec"] = new JsonObject
        {
            ["type"] = "ClusterIP",
            ["selector"] = new JsonObject
            {
                [PoolNames.PoolLabel] = pool.Metadata.Name,
                [PoolNames.RungLabel] = rung is { } index ? PoolNames.Text(index) : PoolNames.NoRung,
            },
            ["ports"] = new JsonArray(new JsonObject
            {
                ["name"] = "inference", ["port"] = PoolEndpoint.Port, ["targetPort"] = "inference",
                    ["protocol"] = "TCP",
            }),
        },
    };

    /// <summary>
    /// Who reaches the servers: pods with a sidecar in the pool's namespace, and some namespaces. Others could read
    /// scores until an attack is rated low, or fill the queue.
    /// </summary>
    public static JsonObject NetworkPolicy(Resource<InferencePool> pool, IReadOnlyList<string> namespaces) => new()
    {
        ["metadata"] = Metadata(pool, pool.Metadata.Name, Labels(pool)),
        ["spec"] = new JsonObject
        {
            ["podSelector"] = new JsonObject
            {
                ["matchLabels"] = new JsonObject { [PoolNames.PoolLabel] = pool.Metadata.Name },
            },
            ["policyTypes"] = new JsonArray("Ingress"),
            ["ingress"] = new JsonArray(new JsonObject
            {
                ["from"] = new JsonArray(
                [
                    new JsonObject
                    {
                        ["podSelector"] = new JsonObject
                        {
                            ["matchLabels"] = new JsonObject { [WellKnown.InjectedLabel] = "true" },
                        },
                    },
                    .. namespaces.Select(ns => new JsonObject
                    {
                        ["namespaceSelector"] = new JsonObject
                        {
                            ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = ns },
                        },
                    }),
                ]),
            }),
        },
    };

    /// <summary>One pod of the pool may be taken away at a time.</summary>
    public static JsonObject DisruptionBudget(Resource<InferencePool> pool) => new()
    {
        ["metadata"] = Metadata(pool, pool.Metadata.Name, Labels(pool)),
        ["spec"] = new JsonObject
        {
            ["maxUnavailable"] = 1,
            ["selector"] = new JsonObject
            {
                ["matchLabels"] = new JsonObject { [PoolNames.PoolLabel] = pool.Metadata.Name },
            },
        },
    };

    /// <summary>
    /// The autoscaler that a pool may ask for: it scales the pool itself, by the servers' own metric of queue delay,
    /// which a metrics adapter has to serve (<c>custom.metrics.k8s.io</c>).
    /// </summary>
    public static JsonObject Autoscaler(Resource<InferencePool> pool, AutoscalingSpec scaling) => new()
    {
        ["metadata"] = Metadata(pool, pool.Metadata.Name, Labels(pool)),
        ["spec"] = new JsonObject
        {
            ["minReplicas"] = Math.Max(1, scaling.MinReplicas),
            ["maxReplicas"] = Math.Max(1, scaling.MaxReplicas),
            ["scaleTargetRef"] = new JsonObject
            {
                ["apiVersion"] = ApiGroup.ApiVersion, ["kind"] = "InferencePool", ["name"] = pool.Metadata.Name,
            },
            ["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Pods",
                ["pods"] = new JsonObject
                {
                    ["metric"] = new JsonObject { ["name"] = InferenceProtocol.QueueDelayMetric },
                    ["target"] = new JsonObject
                    {
                        ["type"] = "AverageValue", ["averageValue"] = Seconds(scaling.TargetQueueDelay),
                    },
                },
            }),
            ["behavior"] = new JsonObject
            {
                ["scaleUp"] = new JsonObject { ["stabilizationWindowSeconds"] = Whole(scaling.ScaleUpAfter) },
                ["scaleDown"] = new JsonObject { ["stabilizationWindowSeconds"] = Whole(scaling.ScaleDownAfter) },
            },
        },
    };

    private static JsonObject Labels(Resource<InferencePool> pool) => new()
    {
        ["app.kubernetes.io/name"] = "waf-inference",
        ["app.kubernetes.io/instance"] = pool.Metadata.Name,
        [PoolNames.ManagedByLabel] = PoolNames.ManagedBy,
        [PoolNames.PoolLabel] = pool.Metadata.Name,
    };

    /// <summary>A duration as a quantity of seconds: <c>5ms</c> is <c>5m</c>, <c>250us</c> is <c>250u</c>.</summary>
    private static string Seconds(string duration)
    {
        var microseconds = DurationText.Parse(duration).Ticks / TimeSpan.TicksPerMicrosecond;
        return microseconds % 1000 == 0
            ? FormattableString.Invariant($"{microseconds / 1000}m")
            : FormattableString.Invariant($"{microseconds}u");
    }

    /// <summary>Whole seconds, at most the hour that the API allows.</summary>
    private static int Whole(string duration) =>
        (int)Math.Min(3600, Math.Ceiling(DurationText.Parse(duration).TotalSeconds));
}
