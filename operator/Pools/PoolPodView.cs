using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Pools;

/// <summary>What the operator keeps of a pool's pod.</summary>
public sealed record PoolPodView : IKubernetesObject
{
    private const int RestartsMax = 2;

    /// <summary>Reasons of waiting containers that do not pass by themselves.</summary>
    private static readonly HashSet<string> Stuck =
    [
        "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull",
        "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    ];

    public required ObjectMeta Metadata { get; init; }
    public string? Address { get; init; }
    public bool IsReady { get; init; }
    public bool HasNode { get; init; }

    /// <summary>It ended; its Deployment makes another.</summary>
    public bool IsOver { get; init; }

    /// <summary>Since when the scheduler finds no node.</summary>
    public DateTimeOffset? UnschedulableSince { get; init; }
    public string? Unschedulable { get; init; }

    /// <summary>Since when it is not ready, whatever the reason.</summary>
    public DateTimeOffset? NotReadySince { get; init; }

    /// <summary>Since when it is not ready because its container does not stay up.</summary>
    public DateTimeOffset? FailingSince { get; init; }
    public string? Failing { get; init; }

    /// <summary>Number of the rung.</summary>
    public int? Rung => PoolNames.RungOf(Metadata);

    /// <summary>It exists and will go on to.</summary>
    public bool IsActive => !IsOver && !Metadata.IsBeingDeleted;

    /// <summary>Pods as this view.</summary>
    public static ResourceType<PoolPodView> Type { get; } = BuiltIn.Pods.ReadAs(Read);

    internal static PoolPodView Read(KubernetesObject pod)
    {
        var ready = ConditionOf(pod, "Ready");
        var scheduled = ConditionOf(pod, "PodScheduled");
        var isUnschedulable = scheduled is { } s && s.Text("status") == "False" && s.Text("reason") == "Unschedulable";
        var isReady = ready?.Text("status") == "True";
        var failing = isReady ? null : FailureOf(pod);
        return new PoolPodView
        {
            Metadata = pod.Metadata with { Annotations = new Dictionary<string, string>() },
            Address = pod.Text("status", "podIP"),
            IsReady = isReady,
            HasNode = pod.Text("spec", "nodeName") is { Length: > 0 },
            IsOver = pod.Text("status", "phase") is "Succeeded" or "Failed",
            UnschedulableSince = isUnschedulable ? TimeOf(scheduled) ?? pod.Metadata.CreationTimestamp : null,
            Unschedulable = isUnschedulable ? scheduled?.Text("message") : null,
            NotReadySince = isReady ? null : TimeOf(ready) ?? pod.Metadata.CreationTimestamp,
            FailingSince = failing is null ? null : TimeOf(ready) ?? pod.Metadata.CreationTimestamp,
            Failing = failing,
        };
    }

    private static string? FailureOf(KubernetesObject pod)
    {
        foreach (var container in pod.Json.Items("status", "containerStatuses"))
        {
            if (container.Text("state", "waiting", "reason") is { } reason && Stuck.Contains(reason))
                return $"its pods do not start: {reason}, {container.Text("state", "waiting", "message")}".TrimEnd(
                    ' ', ',');
            if (container.Number("restartCount") > RestartsMax)
                return $"its pods do not stay up: {container.Number("restartCount")} restarts";
        }

        return null;
    }

    private static JsonElement? ConditionOf(KubernetesObject pod, string type)
    {
        foreach (var condition in pod.Json.Items("status", "conditions"))
        {
            if (condition.Text("type") == type) return condition;
        }

        return null;
    }

    private static DateTimeOffset? TimeOf(JsonElement? condition) =>
        condition?.Text("lastTransitionTime") is { } text && KubernetesTime.TryParse(text, out var time) ? time : null;
}
