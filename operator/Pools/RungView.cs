using WafOperator.Kubernetes.Objects;

namespace WafOperator.Pools;

/// <summary>What the operator keeps of a rung's Deployment.</summary>
public sealed record RungView : IKubernetesObject
{
    public required ObjectMeta Metadata { get; init; }

    /// <summary>Pods of an older template are still there, or the Deployment's controller is behind.</summary>
    public bool IsRolling { get; init; }

    /// <summary>Since when pods cannot be created (a quota, an admission webhook).</summary>
    public DateTimeOffset? RefusedSince { get; init; }
    public string? Refused { get; init; }

    /// <summary>Deployments as this view.</summary>
    public static ResourceType<RungView> Type { get; } = BuiltIn.Deployments.ReadAs(Read);

    internal static RungView Read(KubernetesObject deployment)
    {
        var status = deployment.At("status");
        var refusal = Conditions.Find(Conditions.Read(deployment), "ReplicaFailure");
        var isRefused = refusal is { Status: "True" };
        return new RungView
        {
            Metadata = deployment.Metadata with { Annotations = new Dictionary<string, string>() },
            IsRolling = (status?.Number("observedGeneration") ?? 0) < deployment.Metadata.Generation
                || (status?.Number("updatedReplicas") ?? 0) < (status?.Number("replicas") ?? 0),
            RefusedSince = isRefused ? refusal!.LastTransitionTime : null,
            Refused = isRefused ? $"its pods cannot be created: {refusal!.Message}" : null,
        };
    }
}
