using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Protocols.Policies;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// Tells sidecars how many of them count a policy's limits, where each gives its part. Beside the policy and not in it:
/// a workload that is scaled keeps its revision. Runs on every replica of the operator: each serves sidecars.
/// </summary>
public sealed class ReplicaPublisher(
    PolicyCaches policies, CompiledPolicies compiled, PolicyCoverage coverage,
    Action<NamespacedName, ReplicaDocument?> publish) : IReconciler
{
    public ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = policies.Policies.Cache.Get(key);
        var isDivided = policy is { Metadata.IsBeingDeleted: false }
            && compiled.Find(key)?.Compilation.Document?.Sharing is { Limits: LimitSharing.Divided };
        publish(key, isDivided ? new ReplicaDocument { Replicas = Math.Max(1, CountOf(key)) } : null);
        return ValueTask.FromResult(ReconcileResult.Done);
    }

    /// <summary>Whether a pod gives a part: one that starts does soon, and limits are never given twice.</summary>
    public static bool IsCounted(PodView? pod) => pod is { HasSidecar: true, IsActive: true };

    private int CountOf(NamespacedName key) =>
        coverage.PodsOf(key, coverage.ResolverOf(key.Namespace)).Count(covered => IsCounted(covered.Pod));
}
