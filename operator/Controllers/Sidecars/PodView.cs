using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;
using OwnerReference = WafOperator.Kubernetes.Objects.OwnerReference;

namespace WafOperator.Controllers.Sidecars;

/// <summary>What the operator keeps of a pod: a cluster has many, and this is a small part of each.</summary>
public sealed record PodView : IKubernetesObject
{
    public required ObjectMeta Metadata { get; init; }
    public string Phase { get; init; } = "";
    public string? Address { get; init; }
    public bool IsReady { get; init; }

    /// <summary>
    /// Its ports as the sidecar has them; null without a sidecar that was injected: a container of that name is not
    /// enough (<see cref="InjectedSidecar"/>).
    /// </summary>
    public CapturedPod? Captured { get; init; }

    public bool HasSidecar => Captured is not null;

    /// <summary>Why it has no sidecar; null for one that has.</summary>
    public SidecarAbsence? Absence { get; init; }

    /// <summary>The owner that manages the pod, for events.</summary>
    public OwnerReference? Owner => Metadata.Controller;

    /// <summary>It runs, or will.</summary>
    public bool IsActive => Phase is "Pending" or "Running" && !Metadata.IsBeingDeleted;

    /// <summary>Pods as this view, sidecars recognised by the image that is injected.</summary>
    public static ResourceType<PodView> TypeFor(string sidecarImage) =>
        BuiltIn.Pods.ReadAs(pod => Read(pod, sidecarImage));

    internal static PodView Read(KubernetesObject pod, string sidecarImage)
    {
        var captured = InjectedSidecar.IsIn(pod.Json, sidecarImage) ? CapturedPod.Read(pod.Json) : null;
        return Read(pod, captured);
    }

    private static PodView Read(KubernetesObject pod, CapturedPod? captured) => new()
    {
        Metadata = pod.Metadata with
        {
            Annotations = pod.Metadata.Annotations
                .Where(a => a.Key.StartsWith(ApiGroup.Name, StringComparison.Ordinal)).ToDictionary(),
        },
        Phase = pod.Text("status", "phase") ?? "",
        Address = pod.Text("status", "podIP"),
        IsReady = pod.Json.Items("status", "conditions")
            .Any(c => c.Text("type") == "Ready" && c.Text("status") == "True"),
        Captured = captured,
        Absence = captured is null ? SidecarAbsences.Of(pod.Json) : null,
    };
}
