using System.Collections.Concurrent;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Coverage;

/// <summary>
/// Evicts pods that have no sidecar and whose successors would have one, where the policy allows it: their controller
/// makes new ones, which are injected. One pod of a policy at a time, with a pause, not while pods of its controller
/// are missing or not ready, as disruption budgets allow, and never one without a controller. When a successor came
/// back bare, it stops for a while and says so. Runs on the leader.
/// </summary>
/// <param name="client">The API server.</param>
/// <param name="coverage">Policies and their pods.</param>
/// <param name="successors">Why a pod's successor would be bare, or null.</param>
/// <param name="events">Tells of evictions, and why there are none.</param>
/// <param name="time">Clock.</param>
public sealed class CoverageRepairController(
    KubernetesClient client, PolicyCoverage coverage,
    Func<Resource<WafPolicy>, PodView, CancellationToken, Task<string?>> successors,
    EventRecorder events, TimeProvider time) : IReconciler
{
    /// <summary>Controllers whose pods are looked at in one pass: each costs calls of the API server.</summary>
    private const int OwnersMax = 8;

    /// <summary>Time for the new pod to come up before the next one is taken.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>How long nothing is evicted where it did not help; a change of the policy ends it.</summary>
    private static readonly TimeSpan StopFor = TimeSpan.FromHours(1);

    /// <summary>The same where it would not help: asking again costs nothing.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Time that a policy, or a change of it, has before the first eviction: the replica that admits the successor may
    /// see it a moment later than this one, and would let the pod start bare.
    /// </summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<NamespacedName, (long Generation, DateTimeOffset At)> _seen = new();
    private readonly ConcurrentDictionary<NamespacedName, DateTimeOffset> _notBefore = new();
    private readonly ConcurrentDictionary<NamespacedName, RepairMemory> _last = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = coverage.PolicyOf(key);
        if (policy?.Value.Spec.Interception is not { RepairByEviction: true } interception
            || policy.Metadata.IsBeingDeleted)
        {
            Forget(key);
            return ReconcileResult.Done;
        }

        var now = time.GetUtcNow();
        var settled = SettledAt(policy, now);
        var pods = coverage.PodsOf(key, coverage.ResolverOf(key.Namespace)).Select(p => p.Pod).ToList();
        var candidates = CandidatesOf(pods, interception.Required);
        if (candidates.Count == 0) return ReconcileResult.Done;
        if (settled > now) return ReconcileResult.After(settled - now);
        if (coverage.Repairs.Find(policy.Metadata, now) is { } stopped)
            return ReconcileResult.After(stopped.Until - now);
        if (_notBefore.TryGetValue(key, out var notBefore) && notBefore > now)
            return ReconcileResult.After(notBefore - now);
        switch (NextOf(key, pods, now))
        {
            case RepairNext.Stop:
                return Stop(policy, now + StopFor, "the last pod that was evicted came back without a sidecar");
            case RepairNext.Wait:
                return ReconcileResult.After(Pause);
        }

        return await EvictAsync(policy, pods, candidates, cancellationToken);
    }

    private DateTimeOffset SettledAt(Resource<WafPolicy> policy, DateTimeOffset now)
    {
        var seen = _seen.AddOrUpdate(policy.Metadata.Key, _ => (policy.Metadata.Generation, now),
            (_, old) => old.Generation == policy.Metadata.Generation ? old : (policy.Metadata.Generation, now));
        return seen.At + Settle;
    }

    private RepairNext NextOf(NamespacedName key, List<PodView> pods, DateTimeOffset now) =>
        _last.TryGetValue(key, out var last) && now - last.At < StopFor
            ? last.Next(pods, coverage.WantedOf(key.Namespace, last.Owner)) : RepairNext.GoOn;

    private async Task<ReconcileResult> EvictAsync(
        Resource<WafPolicy> policy, List<PodView> pods, IReadOnlyList<PodView> candidates,
        CancellationToken cancellationToken)
    {
        var (key, now) = (policy.Metadata.Key, time.GetUtcNow());
        var problem = "";
        foreach (var next in candidates.DistinctBy(p => p.Owner!.Uid).Take(OwnersMax))
        {
            // One that does not serve costs nothing; one that serves waits until all others of its controller do.
            if (next.IsReady && !IsWhole(next.Owner!, pods, coverage.WantedOf(key.Namespace, next.Owner!)))
                return ReconcileResult.After(Pause);
            if (await successors(policy, next, cancellationToken) is { } refusal)
            {
                problem = $"a pod like {next.Metadata.Name} would get none: {refusal}";
                continue;
            }

            var outcome = await client.EvictAsync(next.Metadata.Key, next.Metadata.Uid, cancellationToken);
            if (outcome is EvictionOutcome.NotNow later) return ReconcileResult.After(later.RetryAfter);
            _notBefore[key] = now + Pause;
            if (outcome is EvictionOutcome.Evicted)
            {
                _last[key] = RepairMemory.Of(next, pods, now);
                events.Normal(EventSubject.Of(BuiltIn.Pods, next.Metadata), "EvictedForInjection",
                    $"evicted, so that its replacement gets the sidecar of WafPolicy {key.Name}");
            }

            return ReconcileResult.After(Pause);
        }

        return Stop(policy, now + AskAgainAfter, problem);
    }

    /// <summary>All pods that a controller wants are there and serve, as far as this is known. Pure.</summary>
    internal static bool IsWhole(OwnerReference owner, IReadOnlyList<PodView> pods, int? wanted)
    {
        var own = pods.Where(p => p.Owner?.Uid == owner.Uid).ToList();
        return own.TrueForAll(p => p.IsReady) && own.Count >= (wanted ?? 0);
    }

    private ReconcileResult Stop(Resource<WafPolicy> policy, DateTimeOffset until, string why)
    {
        _last.TryRemove(policy.Metadata.Key, out _);
        var stop = coverage.Repairs.Stop(policy.Metadata, until, why);
        events.Warning(
            EventSubject.Of(ControllerKinds.Policies, policy.Metadata), "RepairStopped", stop.Words);
        return ReconcileResult.After(until - time.GetUtcNow());
    }

    private void Forget(NamespacedName key)
    {
        _seen.TryRemove(key, out _);
        _notBefore.TryRemove(key, out _);
        _last.TryRemove(key, out _);
        coverage.Repairs.Forget(key);
    }

    /// <summary>Pods that may come back with a sidecar, those that do not serve first. Pure.</summary>
    internal static IReadOnlyList<PodView> CandidatesOf(IReadOnlyList<PodView> pods, bool isRequired) =>
    [
        .. pods.Where(p => p is { Absence: { } absence, Owner: not null }
                && SidecarAbsences.EndsWithANewPod(absence, isRequired))
            .OrderBy(p => p.IsReady).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal),
    ];
}
