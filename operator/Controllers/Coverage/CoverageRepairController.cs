using System.Collections.Concurrent;
using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Coverage;

/// <summary>
/// Evicts pods that asked for a sidecar and have none, where the policy allows it: their controller makes new ones, which are injected. One
/// pod of a policy at a time, with a pause, and never one without a controller. Runs on the leader.
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
        if (policy?.Value.Spec.Interception?.RepairByEviction is not true || policy.Metadata.IsBeingDeleted)
            return ReconcileResult.Done;
        var missing = coverage.PodsOf(key, coverage.ResolverOf(key.Namespace))
            .Select(p => p.Pod)
            .FirstOrDefault(p => p is { HasSidecar: false, AskedForSidecar: true, Owner: not null });
        if (missing is null) return ReconcileResult.Done;
        var now = time.GetUtcNow();
        if (_notBefore.TryGetValue(key, out var notBefore) && notBefore > now) return ReconcileResult.After(notBefore - now);

        var outcome = await client.EvictAsync(missing.Metadata.Key, missing.Metadata.Uid, cancellationToken);
        if (outcome is EvictionOutcome.NotNow later) return ReconcileResult.After(later.RetryAfter);
        _notBefore[key] = now + Pause;
        if (outcome is EvictionOutcome.Evicted)
        {
            events.Normal(EventSubject.Of(BuiltIn.Pods, missing.Metadata), "EvictedForInjection",
                $"evicted, so that its replacement gets the sidecar of WafPolicy {key.Name}");
        }

        return ReconcileResult.After(Pause);
    }
}
