using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Pools;

/// <summary>What scaling remembers between two looks.</summary>
public sealed record ScalingState
{
    /// <summary>Replicas that were decided on; null: none yet.</summary>
    public int? Replicas { get; init; }

    /// <summary>Since when the delay is over the target.</summary>
    public DateTimeOffset? HighSince { get; init; }

    /// <summary>Since when the delay is well under it.</summary>
    public DateTimeOffset? LowSince { get; init; }

    /// <summary>Since when no policy needs the pool.</summary>
    public DateTimeOffset? IdleSince { get; init; }

    /// <summary>When the number last changed.</summary>
    public DateTimeOffset? ScaledAt { get; init; }
}

/// <summary>What the decision rests on.</summary>
/// <param name="Spec">The pool's wish.</param>
/// <param name="IsNeeded">A policy refers to the pool, or to a model that it serves.</param>
/// <param name="Delays">Queue delay (95th percentile) of each replica in service that could be read.</param>
/// <param name="State">What is remembered.</param>
/// <param name="Now">The time.</param>
public sealed record ScalingInputs(
    InferencePoolSpec Spec, bool IsNeeded, IReadOnlyList<TimeSpan> Delays, ScalingState State, DateTimeOffset Now);

/// <summary>How many replicas, and why that differs from before (null when it does not).</summary>
public sealed record ScalingDecision(int Replicas, ScalingState State, string? Reason);

/// <summary>
/// Replicas by queue delay (pure). Up after a time over the target, at most doubling, and not again before the new
/// replicas had the same time to help; down by a quarter at most after a longer time well under it. To zero only when
/// no policy needs the pool; back from zero at once.
/// </summary>
public static class PoolScaling
{
    private const double LowShare = 0.5;
    private const double CompanyShare = 1.2;

    public static ScalingDecision Next(ScalingInputs inputs)
    {
        if (inputs.Spec.Autoscaling is not { UseHorizontalPodAutoscaler: false } spec) return Fixed(inputs);
        var least = Math.Max(spec.MinReplicas, inputs.IsNeeded ? 1 : 0);
        var most = Math.Max(spec.MaxReplicas, Math.Max(1, spec.MinReplicas));
        var state = inputs.State with
        {
            IdleSince = inputs.IsNeeded ? null : inputs.State.IdleSince ?? inputs.Now,
        };
        var current = state.Replicas ?? Math.Clamp(inputs.Spec.Replicas, Math.Max(1, least), most);
        if (!inputs.IsNeeded && spec.MinReplicas == 0)
        {
            var isOver = inputs.Now - state.IdleSince >= DurationText.Parse(spec.ScaleDownAfter);
            if (current == 0 || isOver) return Set(state, inputs, 0, "no policy needs the pool");
        }

        if (current < least)
            return Set(state, inputs, least, current == 0 ? "a policy needs the pool" : "fewer than minReplicas");
        if (current > most) return Set(state, inputs, most, "more than maxReplicas");
        return ByDelay(inputs, spec, state, current, least, most);
    }

    private static ScalingDecision Fixed(ScalingInputs inputs)
    {
        var wanted = inputs.Spec.Replicas == 0 && inputs.IsNeeded ? 1 : inputs.Spec.Replicas;
        return new ScalingDecision(wanted, new ScalingState { Replicas = wanted }, null);
    }

    private static ScalingDecision ByDelay(
        ScalingInputs inputs, AutoscalingSpec spec, ScalingState state, int current, int least, int most)
    {
        if (inputs.Delays.Count == 0)
            return new(current, state with { Replicas = current, HighSince = null, LowSince = null }, null);
        var delay = TimeSpan.FromTicks((long)inputs.Delays.Average(d => d.Ticks));
        var target = DurationText.Parse(spec.TargetQueueDelay);
        var low = LowBound(target, inputs.Spec.Batching ?? new BatchingSpec());
        state = state with
        {
            Replicas = current,
            HighSince = delay > target ? state.HighSince ?? inputs.Now : null,
            LowSince = delay <= low ? state.LowSince ?? inputs.Now : null,
        };
        var words = $"queue delay {Milliseconds(delay)} at a target of {spec.TargetQueueDelay}";
        if (IsOver(state.HighSince, spec.ScaleUpAfter, state, inputs.Now))
        {
            var factor = Math.Min(2, delay / target);
            return Set(state, inputs, Math.Min(most, Math.Max(current + 1, (int)Math.Ceiling(current * factor))),
                words);
        }

        return IsOver(state.LowSince, spec.ScaleDownAfter, state, inputs.Now)
            ? Set(state, inputs, Math.Max(Math.Max(1, least), current - Math.Max(1, current / 4)), words)
            : new(current, state, null);
    }

    /// <summary>
    /// A request that waits for company in vain waits for <c>queueDelayMax</c>: a pool without load shows that much.
    /// </summary>
    private static TimeSpan LowBound(TimeSpan target, BatchingSpec batching)
    {
        var company = DurationText.Parse(batching.QueueDelayMax) * CompanyShare;
        var half = target * LowShare;
        return company > half && company < target ? company : half;
    }

    private static bool IsOver(DateTimeOffset? since, string window, ScalingState state, DateTimeOffset now)
    {
        var length = DurationText.Parse(window);
        return since is { } began && now - began >= length && (state.ScaledAt is not { } last || now - last >= length);
    }

    private static ScalingDecision Set(ScalingState state, ScalingInputs inputs, int replicas, string reason)
    {
        if (state.Replicas == replicas) return new(replicas, state, null);
        var next = state with { Replicas = replicas, ScaledAt = inputs.Now, HighSince = null, LowSince = null };
        return new(replicas, next, reason);
    }

    private static string Milliseconds(TimeSpan delay) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{delay.TotalMilliseconds:0.##}ms");
}
