using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Cli.Cluster;

/// <summary>A workload or Service as far as policies attach to it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Selector">Its pods; null for none.</param>
/// <param name="TemplateAsks">Whether its pod template asks for a sidecar.</param>
internal sealed record WorkloadFacts(
    ObjectMeta Metadata, TargetKind Kind, LabelSelector? Selector, bool TemplateAsks = false) : IKubernetesObject
{
    /// <summary>All kinds that a policy can name and that select their pods by label.</summary>
    public static IReadOnlyList<ResourceType<WorkloadFacts>> Types { get; } =
    [
        BuiltIn.Deployments.ReadAs(o => OfController(o, TargetKind.Deployment)),
        BuiltIn.StatefulSets.ReadAs(o => OfController(o, TargetKind.StatefulSet)),
        BuiltIn.DaemonSets.ReadAs(o => OfController(o, TargetKind.DaemonSet)),
        BuiltIn.ReplicaSets.ReadAs(o => OfController(o, TargetKind.ReplicaSet)),
        BuiltIn.Jobs.ReadAs(o => OfController(o, TargetKind.Job)),
        BuiltIn.Services.ReadAs(OfService),
    ];

    public bool Selects(PodFacts pod) =>
        Metadata.Namespace == pod.Metadata.Namespace && Selector?.Matches(pod.Metadata.Labels) is true;

    /// <summary>The form that the target resolver takes.</summary>
    public Workload ToWorkload() => new(Kind, Metadata.Name, pod => Selector?.Matches(pod.Labels) is true);

    public override string ToString() => $"{Kind} {Metadata.Name}";

    private static WorkloadFacts OfController(KubernetesObject o, TargetKind kind) => new(
        o.Metadata, kind, o.At("spec", "selector") is { } selector ? LabelSelector.Read(selector) : null,
        o.Text("spec", "template", "metadata", "annotations", WellKnown.InjectAnnotation)?.Trim() == "true");

    /// <summary>A Service without a selector selects nothing.</summary>
    private static WorkloadFacts OfService(KubernetesObject o)
    {
        var labels = o.At("spec", "selector");
        var selects = labels is { } map && map.EnumerateObject().Any();
        return new(o.Metadata, TargetKind.Service, selects ? LabelSelector.FromLabels(labels) : null);
    }
}
