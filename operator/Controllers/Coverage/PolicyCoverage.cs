using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Coverage;
using WafOperator.Policies.Targets;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Coverage;

/// <summary>A pod that a policy covers, with what its sidecar last said.</summary>
public sealed record CoveredPodView(PodView Pod, SidecarStatus? Status);

/// <summary>Joins caches and observations into what one policy covers.</summary>
public sealed class PolicyCoverage(PolicyCaches policies, CoverageCaches caches, SidecarReports reports)
{
    /// <summary>Who claims what in a namespace.</summary>
    public TargetResolver ResolverOf(string ns) => new(policies.Policies.Cache.ByNamespace.Find(ns).Select(p => p.Value));

    /// <summary>
    /// Active pods that the policy covers: they asked for a sidecar, or have one, and the policy is theirs. Pods of a
    /// target that did not ask are not counted: opting in is the application's own decision.
    /// </summary>
    public IReadOnlyList<CoveredPodView> PodsOf(NamespacedName policy, TargetResolver resolver)
    {
        var workloads = caches.Workloads(policy.Namespace);
        return
        [
            .. caches.Pods.Cache.ByNamespace.Find(policy.Namespace)
                .Where(p => p.IsActive && (p.AskedForSidecar || p.HasSidecar))
                .Where(p => resolver.PolicyFor(CoverageCaches.IdentityOf(p), workloads) == policy.Name)
                .Select(p => new CoveredPodView(p, reports.Find(p)?.Status)),
        ];
    }

    /// <summary>Service ports that do not lead to the sidecar of one of these pods, each once.</summary>
    public IReadOnlyList<UncapturedPort> UncapturedOf(string ns, IReadOnlyList<CoveredPodView> pods)
    {
        var services = caches.ServicesIn(ns).ToList();
        return
        [
            .. pods.SelectMany(view => view.Pod.Captured is { } captured
                    ? CaptureAudit.Uncaptured(captured, view.Pod.Metadata.Labels, services) : [])
                .Distinct().OrderBy(port => port.Service, StringComparer.Ordinal).ThenBy(port => port.Port)
                .ThenBy(port => port.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The form that the calculator takes. A sidecar that follows another policy does not run this one's revision.</summary>
    public static CoveredPod ToCovered(CoveredPodView view, string policy) => new(
        view.Pod.HasSidecar,
        view.Status?.Policy == policy ? view.Status.Revision : null,
        view.Status?.Policy == policy ? view.Status.RejectedReason : null);
}
