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

    /// <summary>From a sidecar's counters.</summary>
    public static RolloutSamples Of(RolloutCounters c) => new()
    {
        Pass0C0 = c.PairsB0C0 - c.AttackB0C0,
        Pass0C1 = c.PairsB0C1 - c.AttackB0C1,
        Pass1C0 = c.PairsB1C0 - c.AttackB1C0,
        Pass1C1 = c.PairsB1C1 - c.AttackB1C1,
        Attack0C0 = c.AttackB0C0,
        Attack0C1 = c.AttackB0C1,
        Attack1C0 = c.AttackB1C0,
        Attack1C1 = c.AttackB1C1,
        BaselineDecided = c.BaselineDecided,
        CandidateDecided = c.CandidateDecided,
        BaselineErrors = c.BaselineErrors,
        CandidateErrors = c.CandidateErrors,
        BaselineLatency = c.BaselineLatency,
        CandidateLatency = c.CandidateLatency,
    };

    /// <summary>Sum of two, cell by cell.</summary>
    public static RolloutSamples operator +(RolloutSamples a, RolloutSamples b) => Combine(a, b);

    private static RolloutSamples Combine(RolloutSamples a, RolloutSamples b)
    {
        long F(long x, long y) => x + y;
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
