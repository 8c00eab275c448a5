using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Cli.Cluster;

/// <summary>What checks look at: read once, then nothing more is asked. Immutable.</summary>
internal sealed record ClusterFacts
{
    public required DateTimeOffset Now { get; init; }

    public Fact<ServerCapabilities> Server { get; init; } = None<ServerCapabilities>();

    public Fact<IReadOnlyList<KubernetesObject>> Definitions { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    public Fact<IReadOnlyList<KubernetesObject>> Mutating { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    public Fact<IReadOnlyList<KubernetesObject>> Validating { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    public Fact<IReadOnlyList<KubernetesObject>> Nodes { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    public Fact<IReadOnlyList<KubernetesObject>> Namespaces { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    /// <summary>Deployments of all namespaces with the operator's labels.</summary>
    public Fact<IReadOnlyList<KubernetesObject>> Operators { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    /// <summary>Leases of the operator's namespace.</summary>
    public Fact<IReadOnlyList<KubernetesObject>> Leases { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    /// <summary>Endpoints of the operator's namespace.</summary>
    public Fact<IReadOnlyList<KubernetesObject>> Endpoints { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    /// <summary>Disruption budgets of the operator's namespace.</summary>
    public Fact<IReadOnlyList<KubernetesObject>> Budgets { get; init; } = None<IReadOnlyList<KubernetesObject>>();

    public Fact<IReadOnlyList<PodFacts>> Pods { get; init; } = None<IReadOnlyList<PodFacts>>();

    public Fact<IReadOnlyList<WorkloadFacts>> Workloads { get; init; } = None<IReadOnlyList<WorkloadFacts>>();

    public Fact<IReadOnlyList<WafPolicy>> Policies { get; init; } = None<IReadOnlyList<WafPolicy>>();

    public Fact<IReadOnlyList<WafExclusion>> Exclusions { get; init; } = None<IReadOnlyList<WafExclusion>>();

    public Fact<IReadOnlyList<ModelVersion>> Models { get; init; } = None<IReadOnlyList<ModelVersion>>();

    public Fact<IReadOnlyList<InferencePool>> Pools { get; init; } = None<IReadOnlyList<InferencePool>>();

    /// <summary>
    /// Objects of our kinds that this version cannot read, with the reason; they are in no other list.
    /// </summary>
    public Fact<IReadOnlyList<string>> Unreadable { get; init; } = None<IReadOnlyList<string>>();

    /// <summary>What whoever runs this may create in the cluster: qualified resource to yes or no.</summary>
    public Fact<IReadOnlyDictionary<string, bool>> MayCreate { get; init; } =
        None<IReadOnlyDictionary<string, bool>>();

    /// <summary>The operator, if there is exactly one.</summary>
    public KubernetesObject? Operator => Operators.Value is [var one] ? one : null;

    /// <summary>The operator's pods.</summary>
    public IReadOnlyList<PodFacts> OperatorPods => Operator is not { } deployment ? []
        : [.. Pods.Value.Where(pod => pod.IsAlive && pod.Metadata.Namespace == deployment.Metadata.Namespace
            && LabelSelector.Read(deployment.At("spec", "selector") ?? default)?.Matches(pod.Metadata.Labels) is true)];

    private static Fact<T> None<T>() => Fact<T>.Unknown("was not asked for");
}
