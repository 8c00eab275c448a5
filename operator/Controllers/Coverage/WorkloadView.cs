using System.Text.Json;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Controllers.Coverage;

/// <summary>A workload or Service as far as policies attach to it.</summary>
/// <param name="Service">For a Service: the part that capture rests on.</param>
public sealed record WorkloadView(
    ObjectMeta Metadata, TargetKind Kind, LabelSelector? Selector, ServiceView? Service = null) : IKubernetesObject
{
    /// <summary>How many pods it wants; null where it does not say.</summary>
    public int? Wanted { get; init; }

    public static ResourceType<WorkloadView> Deployments { get; } =
        BuiltIn.Deployments.ReadAs(o => OfController(o, TargetKind.Deployment));

    public static ResourceType<WorkloadView> StatefulSets { get; } =
        BuiltIn.StatefulSets.ReadAs(o => OfController(o, TargetKind.StatefulSet));

    public static ResourceType<WorkloadView> DaemonSets { get; } =
        BuiltIn.DaemonSets.ReadAs(o => OfController(o, TargetKind.DaemonSet));

    public static ResourceType<WorkloadView> ReplicaSets { get; } =
        BuiltIn.ReplicaSets.ReadAs(o => OfController(o, TargetKind.ReplicaSet));

    public static ResourceType<WorkloadView> Jobs { get; } =
        BuiltIn.Jobs.ReadAs(o => OfController(o, TargetKind.Job));

    public static ResourceType<WorkloadView> Services { get; } = BuiltIn.Services.ReadAs(OfService);

    /// <summary>The form that the target resolver takes.</summary>
    public Workload ToWorkload() => new(Kind, Metadata.Name, pod => Selector?.Matches(pod.Labels) is true);

    private static WorkloadView OfController(KubernetesObject o, TargetKind kind) =>
        new(Slim(o.Metadata), kind, o.At("spec", "selector") is { } selector ? LabelSelector.Read(selector) : null)
        {
            Wanted = Number(kind == TargetKind.DaemonSet
                ? o.At("status", "desiredNumberScheduled") : o.At("spec", "replicas")),
        };

    private static int? Number(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var count) ? count : null;

    /// <summary>A Service without a selector selects nothing.</summary>
    private static WorkloadView OfService(KubernetesObject o)
    {
        var labels = o.At("spec", "selector");
        var selects = labels is { } map && map.EnumerateObject().Any();
        return new(
            Slim(o.Metadata), TargetKind.Service, selects ? LabelSelector.FromLabels(labels) : null,
            ServiceView.From(o.Json));
    }

    private static ObjectMeta Slim(ObjectMeta metadata) => metadata with
    {
        Annotations = new Dictionary<string, string>(), Labels = new Dictionary<string, string>(),
    };
}
