using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Watching;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Coverage;

/// <summary>Pods and what policies attach to, as small views.</summary>
public sealed record CoverageCaches(
    Informer<PodView> Pods,
    Informer<WorkloadView> Deployments,
    Informer<WorkloadView> StatefulSets,
    Informer<WorkloadView> DaemonSets,
    Informer<WorkloadView> ReplicaSets,
    Informer<WorkloadView> Jobs,
    Informer<WorkloadView> Services)
{
    /// <summary>Everything that policies target by name.</summary>
    public IEnumerable<Informer<WorkloadView>> All =>
        [Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, Services];

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
        set.Add(new Informer<WorkloadView>(client, WorkloadView.DaemonSets, new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.ReplicaSets, new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.Jobs, new InformerOptions(), services)),
        set.Add(new Informer<WorkloadView>(client, WorkloadView.Services, new InformerOptions(), services)));

    /// <summary>Everything of a namespace that a policy can target by name.</summary>
    public IReadOnlyList<Workload> Workloads(string ns) =>
    [
        .. All.SelectMany(informer => informer.Cache.ByNamespace.Find(ns)).Select(w => w.ToWorkload()),
        .. CronJobs(Jobs.Cache.ByNamespace.Find(ns)),
    ];

    /// <summary>
    /// CronJobs by the Jobs that they own: those exist in every version of Kubernetes, and a Job that somebody made of
    /// the CronJob by hand has a name of its own. Pure.
    /// </summary>
    internal static IEnumerable<Workload> CronJobs(IEnumerable<WorkloadView> jobs) => jobs
        .Where(job => job.Metadata.Controller is { Kind: "CronJob" })
        .GroupBy(job => job.Metadata.Controller!.Name, job => job.Metadata.Name)
        .Select(group => new Workload(
            TargetKind.CronJob, group.Key, pod => pod.Owner is { Kind: "Job" } job && group.Contains(job.Name)));

    /// <summary>What is captured is decided by the Services of the namespace.</summary>
    public IEnumerable<ServiceView> ServicesIn(string ns) =>
        Services.Cache.ByNamespace.Find(ns).Select(service => service.Service).OfType<ServiceView>();

    /// <summary>
    /// What the resolver needs of a pod. An injected one goes on belonging to its policy where nothing else claims it:
    /// labels that were moved off the target take no sidecar away.
    /// </summary>
    public static PodIdentity IdentityOf(PodView pod) => new(
        pod.Metadata.Labels,
        (pod.HasSidecar ? pod.Metadata.Annotations.GetValueOrDefault(WellKnown.InjectedPolicyAnnotation) : null)
            ?? pod.Metadata.Annotations.GetValueOrDefault(WellKnown.PolicyAnnotation),
        pod.Owner is { } owner ? new PodOwner(owner.Kind, owner.Name) : null);
}
