using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Coverage;
using WafOperator.Policies.Targets;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Coverage;

/// <summary>A pod that a policy covers, with what its sidecar last said.</summary>
public sealed record CoveredPodView(PodView Pod, SidecarStatus? Status);

/// <summary>Joins caches and observations into what one policy covers.</summary>
public sealed class PolicyCoverage(PolicyCaches policies, CoverageCaches caches, SidecarReports reports)
{
    /// <summary>Policies whose pods without a sidecar are not evicted for now.</summary>
    public RepairStops Repairs { get; } = new();

    /// <summary>Who claims what in a namespace.</summary>
    public TargetResolver ResolverOf(string ns) => new(policies.Policies.Cache.ByNamespace.Find(ns).Select(p => p.Value));

    /// <summary>The policy, or null.</summary>
    public Resource<WafPolicy>? PolicyOf(NamespacedName key) => policies.Policies.Cache.Get(key);

    /// <summary>How many pods a controller wants; null where it does not say, or is of another kind.</summary>
    public int? WantedOf(string ns, OwnerReference owner) => caches.All
        .Select(informer => informer.Cache.Get(new NamespacedName(ns, owner.Name)))
        .FirstOrDefault(workload => workload?.Metadata.Uid == owner.Uid)?.Wanted;

    /// <summary>
    /// Active pods that the policy is to protect: those of its targets, whether they asked for a sidecar or not, and
    /// those that name it. What is not counted would not be missed.
    /// </summary>
    public IReadOnlyList<CoveredPodView> PodsOf(NamespacedName policy, TargetResolver resolver)
    {
        var workloads = caches.Workloads(policy.Namespace);
        return
        [
            .. caches.Pods.Cache.ByNamespace.Find(policy.Namespace).Where(p => p.IsActive)
                .Where(p => resolver.PolicyFor(CoverageCaches.IdentityOf(p), workloads) == policy.Name)
                .Select(p => new CoveredPodView(p, reports.Find(p)?.Status)),
        ];
    }

    /// <summary>
    /// Service ports that do not lead to the sidecar of one of these pods, each once. Where the policy requires
    /// sidecars, a pod that names its ports does not settle which others carry no HTTP.
    /// </summary>
    public IReadOnlyList<UncapturedPort> UncapturedOf(string ns, IReadOnlyList<CoveredPodView> pods, bool isRequired)
    {
        var services = caches.ServicesIn(ns).ToList();
        return
        [
            .. pods.SelectMany(view => view.Pod.Captured is { } captured
                    ? CaptureAudit.Uncaptured(
                        isRequired ? captured with { NamesPorts = false } : captured, view.Pod.Metadata.Labels,
                        services)
                    : [])
                .Distinct().OrderBy(port => port.Service, StringComparer.Ordinal).ThenBy(port => port.Port)
                .ThenBy(port => port.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The form that the calculator takes. A sidecar that follows another policy does not run this one's revision.</summary>
    /// <param name="view">The pod.</param>
    /// <param name="policy">Name of the policy.</param>
    /// <param name="document">The document that sidecars receive; null when there is none.</param>
    public static CoveredPod ToCovered(CoveredPodView view, string policy, PolicyDocument? document) => new(
        view.Pod.Metadata.Name,
        view.Pod.Absence?.ToString(),
        view.Status?.Policy == policy ? view.Status.Revision : null,
        view.Status?.Policy == policy ? view.Status.RejectedReason : null)
    {
        // Another revision may name other models.
        Models = document is not null && view.Status is { } status && status.Policy == policy
            && status.Revision == document.Revision ? ModelProblems.Of(document.Ml, document.Mode, status) : [],
    };
}
