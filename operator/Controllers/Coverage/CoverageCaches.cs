using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Watching;
using WafOperator.Policies.Targets;
using WafOperator.Resources;

namespace WafOperator.Controllers.Coverage;

/// <summary>Pods and what policies attach to, as small views.</summary>
public sealed record CoverageCaches(
    Informer<PodView> Pods,
    Informer<WorkloadView> Deployments,
    Informer<WorkloadView> StatefulSets,
    Informer<WorkloadView> Services)
{
    /// <summary>Makes the informers and adds them to a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="client">The API server.</param>
    /// <param name="services">Clock and logs.</param>
    /// <param name="sidecarImage">Image that is injected, by which sidecars are recognised.</param>
    public static CoverageCaches Add(
        InformerSet set, KubernetesClient client, RuntimeServices services, string sidecarImage) => new(
        set.Add(new Informer<PodView>(client, PodView.TypeFor(sidecarImage), new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.Deployments, new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.StatefulSets, new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.Services, new InformerOptions(), services)));

    /// <summary>Everything a policy of that namespace can target.</summary>
    public IReadOnlyList<Workload> Workloads(string ns) =>
    [
        .. Deployments.Cache.ByNamespace.Find(ns).Concat(StatefulSets.Cache.ByNamespace.Find(ns))
            .Concat(Services.Cache.ByNamespace.Find(ns)).Select(w => w.ToWorkload()),
    ];

    /// <summary>What is captured is decided by the Services of the namespace.</summary>
    public IEnumerable<ServiceView> ServicesIn(string ns) =>
        Services.Cache.ByNamespace.Find(ns).Select(service => service.Service).OfType<ServiceView>();

    /// <summary>What the resolver needs of a pod.</summary>
    public static PodIdentity IdentityOf(PodView pod) => new(
        pod.Metadata.Labels, pod.Metadata.Annotations.GetValueOrDefault(WellKnown.PolicyAnnotation));
}
