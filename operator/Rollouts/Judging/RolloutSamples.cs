using WafOperator.Protocols.Status;

namespace WafOperator.Rollouts.Judging;

/// <summary>Counters of a rollout's step over all sidecars. Only ever grows within a step.</summary>
public sealed record RolloutSamples
{
    /// <summary>
    /// Requests that the rules did not object to, and what each version would have done (baseline, candidate).
    /// </summary>
    public long Pass0C0 { get; init; }
    public long Pass0C1 { get; init; }
    public long Pass1C0 { get; init; }
    public long Pass1C1 { get; init; }

    /// <summary>The same for requests that the rules call attacks.</summary>
    public long Attack0C0 { get; init; }
    public long Attack0C1 { get; init; }
    public long Attack1C0 { get; init; }
    public long Attack1C1 { get; init; }

    public long BaselineDecided { get; init; }
    public long CandidateDecided { get; init; }
    public long BaselineErrors { get; init; }
    public long CandidateErrors { get; init; }

    /// <summary>Counts per bucket of <see cref="RolloutCounters.LatencyBuckets"/>.</summary>
    public IReadOnlyList<long> BaselineLatency { get; init; } = [];
    public IReadOnlyList<long> CandidateLatency { get; init; } = [];

    /// <summary>Pairs of requests that passed the rules.</summary>
    public long PassPairs => Pass0C0 + Pass0C1 + Pass1C0 + Pass1C1;

    /// <summary>Pairs of attacks.</summary>
    public long AttackPairs => Attack0C0 + Attack0C1 + Attack1C0 + Attack1C1;

    /// <summary>All pairs.</summary>
    public long Pairs => PassPairs + AttackPairs;

    /// <summary>From a sidecar's counters: no cell is negative, and a part is not more than the whole.</summary>
    public static RolloutSamples Of(RolloutCounters c)
    {
        var (a00, a01) = (Part(c.AttackB0C0, c.PairsB0C0), Part(c.AttackB0C1, c.PairsB0C1));
        var (a10, a11) = (Part(c.AttackB1C0, c.PairsB1C0), Part(c.AttackB1C1, c.PairsB1C1));
        return new RolloutSamples
        {
            Pass0C0 = Count(c.PairsB0C0) - a00,
            Pass0C1 = Count(c.PairsB0C1) - a01,
            Pass1C0 = Count(c.PairsB1C0) - a10,
            Pass1C1 = Count(c.PairsB1C1) - a11,
            Attack0C0 = a00,
            Attack0C1 = a01,
            Attack1C0 = a10,
            Attack1C1 = a11,
            BaselineDecided = Count(c.BaselineDecided),
            CandidateDecided = Count(c.CandidateDecided),
            BaselineErrors = Count(c.BaselineErrors),
            CandidateErrors = Count(c.CandidateErrors),
            BaselineLatency = [.. c.BaselineLatency.Select(Count)],
            CandidateLatency = [.. c.CandidateLatency.Select(Count)],
        };
    }

    private static long Count(long counter) => Math.Max(0, counter);

    private static long Part(long part, long whole) => Math.Min(Count(part), Count(whole));

    /// <summary>Everything that was counted here, as a measure of how much a process says.</summary>
    private long Weight => Pairs + BaselineDecided + CandidateDecided + BaselineErrors + CandidateErrors;

    /// <summary>
    /// All processes together. With three or more, none counts for more than twice the median one, in proportion: one
    /// that is attacked alone, or that lies, cannot outvote the others.
    /// </summary>
    public static RolloutSamples Sum(IReadOnlyCollection<RolloutSamples> processes)
    {
        var weights = processes.Select(p => p.Weight).Where(weight => weight > 0).Order().ToList();
        var share = weights.Count < 3 ? long.MaxValue : 2 * weights[(weights.Count - 1) / 2];
        return processes.Aggregate(new RolloutSamples(), (sum, one) => sum + one.ScaledTo(share));
    }

    /// <summary>Sum of two, cell by cell.</summary>
    public static RolloutSamples operator +(RolloutSamples a, RolloutSamples b) => Combine(a, b, (x, y) => x + y);

    private RolloutSamples ScaledTo(long share)
    {
        if (Weight <= share) return this;
        var part = (double)share / Weight;
        return Combine(this, this, (x, _) => (long)(x * part));
    }

    private static RolloutSamples Combine(RolloutSamples a, RolloutSamples b, Func<long, long, long> f)
    {
        long F(long x, long y) => f(x, y);
        long[] Each(IReadOnlyList<long> x, IReadOnlyList<long> y) =>
            [.. Enumerable.Range(0, Math.Max(x.Count, y.Count))
                .Select(i => F(i < x.Count ? x[i] : 0, i < y.Count ? y[i] : 0))];
        return new RolloutSamples
        {
            Pass0C0 = F(a.Pass0C0, b.Pass0C0), Pass0C1 = F(a.Pass0C1, b.Pass0C1),
            Pass1C0 = F(a.Pass1C0, b.Pass1C0), Pass1C1 = F(a.Pass1C1, b.Pass1C1),
            Attack0C0 = F(a.Attack0C0, b.Attack0C0), Attack0C1 = F(a.Attack0C1, b.Attack0C1),
            Attack1C0 = F(a.Attack1C0, b.Attack1C0), Attack1C1 = F(a.Attack1C1, b.Attack1C1),
            BaselineDecided = F(a.BaselineDecided, b.BaselineDecided),
                CandidateDecided = F(a.CandidateDecided, b.CandidateDecided),
            BaselineErrors = F(a.BaselineErrors, b.BaselineErrors),
                CandidateErrors = F(a.CandidateErrors, b.CandidateErrors),
            BaselineLatency = Each(a.BaselineLatency, b.BaselineLatency),
            CandidateLatency = Each(a.CandidateLatency, b.CandidateLatency),
        };
    }
}
