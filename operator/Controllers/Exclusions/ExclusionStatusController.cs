using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Controllers.Exclusions;

/// <summary>Writes the status of each WafExclusion: whether it is in force, and how often it changed a verdict. Runs on the leader.</summary>
public sealed class ExclusionStatusController(
    PolicyCaches caches, CompiledPolicies compiled, PolicyCoverage coverage, StatusWriter writer, TimeProvider time) : IReconciler
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <summary>Hits per pod as last seen: a pod that is gone keeps what it counted.</summary>
    private readonly ExclusionHits _hits = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var exclusion = caches.Exclusions.Cache.Get(key);
        if (exclusion is null || exclusion.Metadata.IsBeingDeleted)
        {
            _hits.Forget(key);
            return ReconcileResult.Done;
        }

        var policy = new NamespacedName(key.Namespace, exclusion.Value.Spec.Policy);
        var status = exclusion.Value.Status;
        var seen = coverage.PodsOf(policy, coverage.ResolverOf(key.Namespace))
            .Where(p => p.Status is not null)
            .Select(p => (p.Pod.Metadata.Uid, p.Status!.StartedAt, p.Status.ExclusionHits.GetValueOrDefault(key.Name)));
        var hits = _hits.Add(key, status?.Hits ?? 0, seen);
        var now = time.GetUtcNow();
        var second = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset);
        var next = new WafExclusionStatus
        {
            ObservedGeneration = exclusion.Metadata.Generation,
            Hits = hits,
            LastHit = hits > (status?.Hits ?? 0) ? second : status?.LastHit,
            Conditions = ExclusionConditions.Compute(
                VerdictOn(exclusion, policy, now), exclusion.Metadata.Generation, second, status?.Conditions ?? []),
        };
        await writer.WriteAsync(ControllerKinds.Exclusions, exclusion, status, next, cancellationToken);
        return ReconcileResult.After(LookAgain);
    }

    private ExclusionVerdict VerdictOn(Resource<WafExclusion> exclusion, NamespacedName policy, DateTimeOffset now)
    {
        if (exclusion.Value.Spec.ExpiresAt is { } end && end <= now)
            return new(false, ExclusionVerdict.Expired, $"it expired at {end:u}; delete it, or set a later expiresAt");
        if (caches.Policies.Cache.Get(policy) is null)
            return new(false, ExclusionVerdict.PolicyNotFound,
                $"there is no WafPolicy {policy.Name} in namespace {policy.Namespace}");
        var subject = $"WafExclusion/{exclusion.Metadata.Name}";
        var finding = compiled.Find(policy)?.Compilation.Findings.FirstOrDefault(f => f.Subject == subject);
        return finding is null
            ? new(true, "Accepted", $"in force for WafPolicy {policy.Name}")
            : new(false, finding.Kind.ToString(), finding.ToString());
    }
}
