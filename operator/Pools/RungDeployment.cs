using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Inference;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools;

/// <summary>What the servers of a pool need of the installation.</summary>
/// <param name="Image">Image of the inference server.</param>
/// <param name="OperatorUrl">The distribution.</param>
/// <param name="TokenAudience">Audience of the projected token.</param>
/// <param name="CaConfigMap">ConfigMap with the bundle that the distribution's certificate is checked with.</param>
/// <param name="CaKey">Its key.</param>
public sealed record PoolSettings(
    string Image, string OperatorUrl, string TokenAudience, string CaConfigMap, string CaKey)
{
    /// <summary>
    /// Namespaces whose pods reach a pool besides the sidecars of its own: the operator's, and those that scrape
    /// metrics. Null: no NetworkPolicy is made.
    /// </summary>
    public IReadOnlyList<string>? ReachedFrom { get; init; }
}

/// <summary>The Deployment of one rung (pure).</summary>
public static class RungDeployment
{
    private const string Container = "inference";
    private const string IdentityFolder = "/var/run/secrets/waf";
    private const string StateFolder = "/var/lib/waf";

    /// <summary>
    /// Longest end: the server lingers 5 s for proxies that are behind, and then drains for at most 20 s.
    /// </summary>
    private const int GraceSeconds = 35;

    /// <summary>
    /// Taints that pods of a rung tolerate: those of the spec, and the one named like the accelerator.
    /// </summary>
    public static IReadOnlyList<string> Tolerated(AcceleratorRung rung, PlacementSpec placement) =>
        rung.Resource.Length == 0 ? placement.TolerateTaints
            : [.. placement.TolerateTaints.Append(rung.Resource).Distinct()];

    /// <param name="pool">The pool.</param>
    /// <param name="index">Number of the rung.</param>
    /// <param name="replicas">Replicas.</param>
    /// <param name="inPlace">Replace pods one by one without a further one in between.</param>
    /// <param name="settings">Of the installation.</param>
    public static JsonObject Build(
        Resource<InferencePool> pool, int index, int replicas, bool inPlace, PoolSettings settings)
    {
        var name = pool.Metadata.Name;
        return new JsonObject
        {
            ["metadata"] =
                PoolObjects.Metadata(pool, PoolNames.Deployment(pool.Metadata.Key, index).Name, PodLabels(name, index)),
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["revisionHistoryLimit"] = 2,
                ["progressDeadlineSeconds"] = 1800,
                ["selector"] = new JsonObject { ["matchLabels"] = Selector(name, index) },
                ["strategy"] = new JsonObject
                {
                    ["type"] = "RollingUpdate",
                    ["rollingUpdate"] =
                        new JsonObject { ["maxUnavailable"] = inPlace ? 1 : 0, ["maxSurge"] = inPlace ? 0 : 1 },
                },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = PodLabels(name, index) },
                    ["spec"] = PodSpec(pool, index, settings),
                },
            },
        };
    }

    private static JsonObject Selector(string pool, int index) => new()
    {
        [PoolNames.PoolLabel] = pool, [PoolNames.RungLabel] = PoolNames.Text(index),
    };

    private static JsonObject PodLabels(string pool, int index) => new()
    {
        ["app.kubernetes.io/name"] = "waf-inference",
        ["app.kubernetes.io/instance"] = pool,
        [PoolNames.ManagedByLabel] = PoolNames.ManagedBy,
        [PoolNames.PoolLabel] = pool,
        [PoolNames.RungLabel] = PoolNames.Text(index),
    };

    private static JsonObject PodSpec(Resource<InferencePool> pool, int index, PoolSettings settings)
    {
        var rung = pool.Value.Spec.Ladder[index];
        var placement = pool.Value.Spec.Placement ?? new PlacementSpec();
        var spec = new JsonObject
        {
            // Any account will do: the distribution goes by the namespace. Its own token is not mounted.
            ["serviceAccountName"] = "default",
            ["automountServiceAccountToken"] = false,
            ["enableServiceLinks"] = false,
            ["terminationGracePeriodSeconds"] = GraceSeconds,
            ["securityContext"] = RestrictedPod.PodSecurity(),
            ["containers"] = new JsonArray(ContainerOf(pool, rung, settings)),
            ["volumes"] = new JsonArray(
                new JsonObject { ["name"] = "tmp", ["emptyDir"] = new JsonObject() },
                new JsonObject { ["name"] = "state", ["emptyDir"] = new JsonObject { ["sizeLimit"] = "4Gi" } },
                RestrictedPod.Identity(
                    "identity", settings.TokenAudience, settings.CaConfigMap, settings.CaKey)),
        };
        RungPlacement.AddTo(spec, pool.Metadata.Name, index, rung, placement);
        if (rung.RuntimeClassName is { Length: > 0 } runtime) spec["runtimeClassName"] = runtime;
        if (pool.Value.Spec.ImagePullSecrets.Count > 0)
            spec["imagePullSecrets"] =
                new JsonArray([.. pool.Value.Spec.ImagePullSecrets.Select(s => new JsonObject { ["name"] = s })]);
        return spec;
    }

    private static JsonObject ContainerOf(Resource<InferencePool> pool, AcceleratorRung rung, PoolSettings settings)
    {
        var requests = new JsonObject { ["cpu"] = rung.Cpu, ["memory"] = rung.Memory };
        var limits = new JsonObject { ["memory"] = rung.Memory };
        if (rung.Resource.Length > 0)
        {
            requests[rung.Resource] = PoolNames.Text(rung.Count);
            limits[rung.Resource] = PoolNames.Text(rung.Count);
        }

        return new JsonObject
        {
            ["name"] = Container,
            ["image"] = rung.Image is { Length: > 0 } image ? image : settings.Image,
            ["env"] = Environment(pool, rung, settings),
            ["ports"] = new JsonArray(new JsonObject
            {
                ["name"] = "inference", ["containerPort"] = InferenceProtocol.Port, ["protocol"] = "TCP",
            }),
            // Loading and warming up large models takes its time.
            ["startupProbe"] = Probe(InferenceProtocol.LivePath, 2, 2, 150),
            ["livenessProbe"] = Probe(InferenceProtocol.LivePath, 10, 5, 3),
            ["readinessProbe"] = Probe(InferenceProtocol.ReadyPath, 2, 2, 2),
            ["resources"] = new JsonObject { ["requests"] = requests, ["limits"] = limits },
            ["securityContext"] = RestrictedPod.ContainerSecurity(),
            ["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = "identity", ["mountPath"] = IdentityFolder, ["readOnly"] = true },
                new JsonObject { ["name"] = "state", ["mountPath"] = StateFolder },
                new JsonObject { ["name"] = "tmp", ["mountPath"] = "/tmp" }),
        };
    }

    private static JsonArray Environment(Resource<InferencePool> pool, AcceleratorRung rung, PoolSettings settings)
    {
        var batching = pool.Value.Spec.Batching ?? new BatchingSpec();
        return
        [
            FromField("WAF_NAMESPACE", "metadata.namespace"),
            Variable("WAF_POOL", pool.Metadata.Name),
            FromField("WAF_POD", "metadata.name"),
            Variable("WAF_OPERATOR_URL", settings.OperatorUrl),
            Variable("WAF_TOKEN_FILE", IdentityFolder + "/token"),
            Variable("WAF_CA_FILE", IdentityFolder + "/ca.crt"),
            Variable("WAF_STATE_DIR", StateFolder),
            Variable("WAF_PROVIDER", $"{rung.Provider}"),
            Variable("WAF_PRECISION", $"{rung.Precision}"),
            Variable("WAF_QUEUE_DELAY_MAX", batching.QueueDelayMax),
            Variable("WAF_BATCH_TOKENS_MAX", PoolNames.Text(batching.BatchTokensMax)),
            Variable("WAF_QUEUE_LENGTH_MAX", PoolNames.Text(batching.QueueLengthMax)),
        ];
    }

    private static JsonObject Probe(string path, int period, int timeout, int failures) => new()
    {
        ["httpGet"] = new JsonObject { ["path"] = path, ["port"] = "inference" },
        ["periodSeconds"] = period,
        ["timeoutSeconds"] = timeout,
        ["failureThreshold"] = failures,
    };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static JsonObject FromField(string name, string path) => new()
    {
        ["name"] = name,
        ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = path } },
    };
}
