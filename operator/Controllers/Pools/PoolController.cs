using System.Collections.Concurrent;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Controllers.Pools;

/// <summary>
/// Makes the Deployments, the Service and the budget of each pool as its spec, its ladder and its load ask for. Runs on
/// the leader. What to do is decided by pure functions (<see cref="PoolLadder"/>, <see cref="PoolScaling"/>);
/// everything that a restarted operator needs is in the pool's status.
/// </summary>
public sealed class PoolController(
    PoolCaches caches, PoolObserver observer, PoolCluster cluster, StatusWriter writer, EventRecorder events,
    PoolMetrics metrics, TimeProvider time) : IReconciler
{
    /// <summary>Windows of time pass without an event.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);

    /// <summary>The event that brings what is missing looks again as well, and mostly sooner.</summary>
    private static readonly TimeSpan WhenBehind = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<NamespacedName, (string Uid, ScalingState State)> _scaling = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var pool = caches.Ours.Pools.Cache.Get(key);
        if (pool is null || pool.Metadata.IsBeingDeleted)
        {
            _scaling.TryRemove(key, out _);
            metrics.Forget(key);
            cluster.Forget(key);
            return ReconcileResult.Done;
        }

        if (PoolNames.Refusal(key.Name) is { } refusal)
        {
            await RefuseAsync(pool, "NameUnusable", refusal, cancellationToken);
            return ReconcileResult.Done;
        }

        var look = Look(pool);
        var scaling = Scale(pool, look);
        if (await ClimbOrFallAsync(pool, look, scaling.Replicas, cancellationToken) is not { } next)
            return ReconcileResult.After(WhenBehind);
        var (ladder, parity) = next;
        if (await cluster.ApplyAsync(pool, ladder, look.Observed.Keys, cancellationToken) is { } taken)
        {
            await RefuseAsync(pool, "NameTaken", taken, cancellationToken);
            return ReconcileResult.After(LookAgain);
        }

        await WriteAsync(pool, look, scaling.Replicas, ladder, parity, cancellationToken);
        Announce(pool, ladder, scaling);
        return ReconcileResult.After(ladder.LookAgain < LookAgain ? ladder.LookAgain.Value : LookAgain);
    }

    /// <summary>Everything that is read from caches, once.</summary>
    private Sight Look(Resource<InferencePool> pool)
    {
        var key = pool.Metadata.Key;
        var pods = caches.PodsOf(key);
        var versions = caches.Ours.Models.Cache.ByNamespace.Find(key.Namespace).Select(m => m.Value).ToList();
        var policies = caches.Ours.Policies.Cache.ByNamespace.Find(key.Namespace).Select(p => p.Value);
        var inService = PoolStatus.InService(pods, pool.Value.Status?.Rung);
        return new Sight(
            pods,
            PoolCaches.Observe(caches.RungsOf(key), pods, time.GetUtcNow()),
            [.. inService.Select(observer.Find).OfType<PoolServerStatus>()],
            PoolModels.Of(key.Name, versions, new Dictionary<string, string>()),
            PoolModels.NeededBy(key.Name, policies, versions),
            time.GetUtcNow());
    }

    private ScalingDecision Scale(Resource<InferencePool> pool, Sight look)
    {
        var (key, uid) = (pool.Metadata.Key, pool.Metadata.Uid);
        var state = _scaling.TryGetValue(key, out var known) && known.Uid == uid
            ? known.State
            : new ScalingState
            {
                Replicas = pool.Value.Status?.DesiredReplicas, ScaledAt = pool.Value.Status?.ScaledAt,
            };
        var delays = look.Servers.Select(QueueDelayOf).ToList();
        var decision =
            PoolScaling.Next(new ScalingInputs(pool.Value.Spec, look.NeededBy.Count > 0, delays, state, look.Now));
        _scaling[key] = (uid, decision.State);
        return decision;
    }

    /// <summary>
    /// Null when this process's view of the pool is older than what was decided last: the pods of a try take the room
    /// that it was begun for, so a second look from the same view finds none, and would end the try.
    /// </summary>
    private async Task<(LadderDecision Decision, IReadOnlyList<RungParity> Parity)?> ClimbOrFallAsync(
        Resource<InferencePool> pool, Sight look, int wanted, CancellationToken cancellationToken)
    {
        var spec = pool.Value.Spec;
        var state = PoolStatus.LadderOf(pool.Value.Status);
        var required = look.Models.Where(m => m.IsRequired).ToList();
        var parity = await cluster.ParityAsync(
            pool, [state.Serving, state.Trying], look.Pods, required, cancellationToken);
        var inputs = new LadderInputs
        {
            State = state,
            Rungs = spec.Ladder.Count,
            Wanted = wanted,
            ClimbWanted = Math.Max(
                1, Math.Min(wanted, spec.Autoscaling is { } scaling ? Math.Max(1, scaling.MinReplicas) : wanted)),
            UnschedulableAfter = DurationText.Parse(spec.UnschedulableAfter),
            RetryAfter = RetryAfterOf(spec),
            Observed = look.Observed,
            // The rung that serves goes on: its scores are what the rollout was judged by.
            Refused = parity.Where(p => !p.Passed && p.Rung != state.Serving).Select(p => p.Rung).ToHashSet(),
            ParityOfTrying = parity.FirstOrDefault(p => p.Rung == state.Trying)?.Passed,
            Now = look.Now,
        };
        if (PoolLadder.WantsCapacity(inputs))
        {
            if (!await cluster.IsCurrentAsync(pool, cancellationToken)) return null;
            inputs = inputs with { FreeSlots = await cluster.FreeSlotsAsync(pool.Value.Spec, cancellationToken) };
        }

        return (PoolLadder.Next(inputs), parity);
    }

    /// <summary>What an object from before the bound, or past the webhook, says is brought within it.</summary>
    internal static TimeSpan RetryAfterOf(InferencePoolSpec spec)
    {
        var said = DurationText.Parse(spec.RetryAfter);
        return said < InferencePoolSpec.RetryAfterMin ? InferencePoolSpec.RetryAfterMin : said;
    }

    private async Task WriteAsync(
        Resource<InferencePool> pool, Sight look, int wanted, LadderDecision ladder, IReadOnlyList<RungParity> parity,
        CancellationToken cancellationToken)
    {
        var before = pool.Value.Status;
        var delays = look.Servers.Select(QueueDelayOf).ToList();
        var ready = PoolStatus.InService(look.Pods, ladder.State.Serving).Count;
        var models = PoolStatus.Models(look.Models, look.Servers);
        var next = new InferencePoolStatus
        {
            ObservedGeneration = pool.Metadata.Generation,
            Replicas = look.Pods.Count(p => p.IsActive),
            ReadyReplicas = ready,
            DesiredReplicas = wanted,
            ScaledAt = _scaling.TryGetValue(pool.Metadata.Key, out var scaling) ? scaling.State.ScaledAt : null,
            Selector = PoolNames.Selector(pool.Metadata.Name),
            QueueDelay = PoolStatus.QueueDelay(delays),
            Summary = $"{PoolNames.Text(ready)}/{PoolNames.Text(wanted)}",
            Models = models,
            Parity = parity,
            Conditions = PoolConditions.Compute(new PoolConditionInputs
            {
                Spec = pool.Value.Spec,
                Ladder = ladder.State,
                Wanted = wanted,
                Observed = look.Observed,
                Parity = parity,
                Models = models,
                Generation = pool.Metadata.Generation,
                Now = look.Now,
                Previous = before?.Conditions ?? [],
            }),
        };
        metrics.Set(pool.Metadata.Key, new PoolFigures(
            ladder.State.Serving ?? -1, wanted, ready, delays.Count == 0 ? 0 : delays.Max().TotalSeconds));
        next = PoolStatus.With(next, ladder.State, pool.Value.Spec);
        await writer.WriteAsync(ControllerKinds.Pools, pool, before, next, cancellationToken);
    }

    private async Task RefuseAsync(
        Resource<InferencePool> pool, string reason, string message, CancellationToken cancellationToken)
    {
        var before = pool.Value.Status;
        var conditions = PoolConditions.Compute(new PoolConditionInputs
        {
            Spec = pool.Value.Spec,
            Ladder = PoolStatus.LadderOf(before),
            Wanted = before?.DesiredReplicas ?? 0,
            Observed = PoolCaches.Observe(
                caches.RungsOf(pool.Metadata.Key), caches.PodsOf(pool.Metadata.Key), time.GetUtcNow()),
            Parity = before?.Parity ?? [],
            Models = before?.Models ?? [],
            Refusal = (reason, message),
            Generation = pool.Metadata.Generation,
            Now = time.GetUtcNow(),
            Previous = before?.Conditions ?? [],
        });
        var next = (before ?? new InferencePoolStatus()) with
        {
            ObservedGeneration = pool.Metadata.Generation, Conditions = conditions,
        };
        if (await writer.WriteAsync(ControllerKinds.Pools, pool, before, next, cancellationToken))
            events.Warning(EventSubject.Of(ControllerKinds.Pools, pool.Metadata), reason, message);
    }

    private void Announce(Resource<InferencePool> pool, LadderDecision ladder, ScalingDecision scaling)
    {
        var subject = EventSubject.Of(ControllerKinds.Pools, pool.Metadata);
        foreach (var step in ladder.Steps)
        {
            PoolMetrics.Stepped(pool.Metadata.Key, step.Kind);
            var message = $"{PoolConditions.WordsOf(step.Rung, pool.Value.Spec.Ladder[step.Rung])}: {step.Message}";
            var isGood = step.Kind is LadderStepKind.Taken or LadderStepKind.Up or LadderStepKind.Trying
                or LadderStepKind.Recovered;
            if (isGood) events.Normal(subject, $"Rung{step.Kind}", message);
            else events.Warning(subject, $"Rung{step.Kind}", message);
        }

        if (scaling.Reason is not { } reason) return;
        var before = pool.Value.Status?.DesiredReplicas ?? 0;
        PoolMetrics.Scaled(pool.Metadata.Key, scaling.Replicas > before);
        events.Normal(subject, "Scaled", $"from {before} to {scaling.Replicas} replicas: {reason}");
    }

    private static TimeSpan QueueDelayOf(PoolServerStatus server) =>
        TimeSpan.FromMicroseconds(server.QueueDelayMicrosecondsP95);

    private sealed record Sight(
        IReadOnlyList<PoolPodView> Pods, IReadOnlyDictionary<int, RungObservation> Observed,
        IReadOnlyList<PoolServerStatus> Servers, IReadOnlyList<PoolModel> Models, IReadOnlyList<string> NeededBy,
        DateTimeOffset Now);
}
