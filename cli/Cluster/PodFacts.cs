using System.Text.Json;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Cli.Cluster;

/// <summary>A pod as far as this program looks at pods: a cluster has many, and most of each is not needed.</summary>
internal sealed record PodFacts(ObjectMeta Metadata) : IKubernetesObject
{
    public static ResourceType<PodFacts> Type { get; } = BuiltIn.Pods.ReadAs(Read);

    public NamespacedName Key => Metadata.Key;

    public string Phase { get; init; } = "";

    public bool IsHostNetwork { get; init; }

    public string Node { get; init; } = "";

    /// <summary>Containers and init containers, by name.</summary>
    public IReadOnlyDictionary<string, ContainerFacts> Containers { get; init; } =
        new Dictionary<string, ContainerFacts>();

    /// <summary>The injected container, or null.</summary>
    public ContainerFacts? Sidecar => Containers.GetValueOrDefault(WellKnown.SidecarContainer);

    /// <summary>Whether it runs or will.</summary>
    public bool IsAlive => Phase is not ("Succeeded" or "Failed") && !Metadata.IsBeingDeleted;

    /// <summary>Whether its annotations ask for a sidecar.</summary>
    public bool Asks => Metadata.Annotations.GetValueOrDefault(WellKnown.InjectAnnotation)?.Trim() == "true";

    /// <summary>The policy that it was injected for, or null.</summary>
    public string? InjectedPolicy => Metadata.Annotations.GetValueOrDefault(WellKnown.InjectedPolicyAnnotation);

    /// <summary>What the target resolver needs, as the operator's own coverage gives it.</summary>
    public PodIdentity Identity => new(
        Metadata.Labels,
        (Sidecar is null ? null : InjectedPolicy)
            ?? Metadata.Annotations.GetValueOrDefault(WellKnown.PolicyAnnotation),
        Metadata.Controller is { } owner ? new PodOwner(owner.Kind, owner.Name) : null);

    public static PodFacts Read(KubernetesObject pod)
    {
        var states = pod.Json.Items("status", "containerStatuses")
            .Concat(pod.Json.Items("status", "initContainerStatuses"))
            .Where(status => status.Text("name") is not null)
            .GroupBy(status => status.Text("name")!).ToDictionary(group => group.Key, group => group.First());
        return new PodFacts(pod.Metadata)
        {
            Phase = pod.Text("status", "phase") ?? "",
            IsHostNetwork = pod.Json.Flag("spec", "hostNetwork") is true,
            Node = pod.Text("spec", "nodeName") ?? "",
            Containers = pod.Json.Items("spec", "containers").Concat(pod.Json.Items("spec", "initContainers"))
                .Where(container => container.Text("name") is not null)
                .GroupBy(container => container.Text("name")!)
                .ToDictionary(group => group.Key, group => ContainerFacts.Read(
                    group.First(), states.TryGetValue(group.Key, out var state) ? state : null)),
        };
    }
}

/// <summary>A container and what became of it.</summary>
/// <param name="Image">As the pod names it.</param>
/// <param name="IsReady">Its readiness, as the kubelet says.</param>
/// <param name="Restarts">How often it was started anew.</param>
/// <param name="Problem">Why it waits or last ended, such as <c>OOMKilled</c>; null when there is nothing.</param>
internal sealed record ContainerFacts(string Image, bool IsReady, long Restarts, string? Problem)
{
    public static ContainerFacts Read(JsonElement container, JsonElement? state) => new(
        container.Text("image") ?? "",
        state?.Flag("ready") is true,
        state?.Number("restartCount") ?? 0,
        state?.Text("state", "waiting", "reason") ?? state?.Text("lastState", "terminated", "reason"));
}
