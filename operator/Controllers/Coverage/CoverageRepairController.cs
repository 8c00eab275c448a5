using System.Collections.Concurrent;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Coverage;

/// <summary>
/// Evicts pods that have no sidecar and whose successors would have one, where the policy allows it: their controller
/// makes new ones, which are injected. One pod of a policy at a time, with a pause, not while another pod of its
/// controller is not ready, as disruption budgets allow, and never one without a controller. Runs on the leader.
/// </summary>
public sealed class CoverageRepairController(
    KubernetesClient client, PolicyCaches caches, PolicyCoverage coverage, EventRecorder events, TimeProvider time) : IReconciler
{
    /// <summary>Time for the new pod to come up before the next one is taken.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<NamespacedName, DateTimeOffset> _notBefore = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = caches.Policies.Cache.Get(key);
        if (policy?.Value.Spec.Interception is not { RepairByEviction: true } interception
            || policy.Metadata.IsBeingDeleted)
        {
            _notBefore.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var pods = coverage.PodsOf(key, coverage.ResolverOf(key.Namespace)).Select(p => p.Pod).ToList();
        if (NextOf(pods, interception.Required) is not { } next) return ReconcileResult.Done;
        var now = time.GetUtcNow();
        if (_notBefore.TryGetValue(key, out var notBefore) && notBefore > now) return ReconcileResult.After(notBefore - now);
        // One that does not serve costs nothing; one that serves waits until all others of its controller do.
        if (next.IsReady && pods.Exists(p => p.Owner?.Uid == next.Owner!.Uid && !p.IsReady))
            return ReconcileResult.After(Pause);

        var outcome = await client.EvictAsync(next.Metadata.Key, next.Metadata.Uid, cancellationToken);
        if (outcome is EvictionOutcome.NotNow later) return ReconcileResult.After(later.RetryAfter);
        _notBefore[key] = now + Pause;
        if (outcome is EvictionOutcome.Evicted)
        {
            events.Normal(EventSubject.Of(BuiltIn.Pods, next.Metadata), "EvictedForInjection",
                $"evicted, so that its replacement gets the sidecar of WafPolicy {key.Name}");
        }

        return ReconcileResult.After(Pause);
    }

    /// <summary>The pod to evict next; null when none would come back with a sidecar. Pure.</summary>
    internal static PodView? NextOf(IReadOnlyList<PodView> pods, bool isRequired) => pods
        .Where(p => p is { Absence: { } absence, Owner: not null }
            && SidecarAbsences.EndsWithANewPod(absence, isRequired))
        .OrderBy(p => p.IsReady).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
}
