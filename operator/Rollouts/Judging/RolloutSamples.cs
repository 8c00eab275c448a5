using WafOperator.Protocols.Status;

namespace WafOperator.Rollouts.Judging;

/// <summary>Counters of a rollout over all sidecars, since the step began. Only ever grows within a step.</summary>
public sealed record RolloutSamples
{
    /// <summary>Requests that the rules did not object to, and what each version would have done (baseline, candidate).</summary>
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
    public static RolloutSamples operator +(RolloutSamples a, RolloutSamples b) => Combine(a, b, 1);

    /// <summary>Difference, never below zero: a counter that began anew counts from zero.</summary>
    public static RolloutSamples operator -(RolloutSamples a, RolloutSamples b) => Combine(a, b, -1);

    /// <summary>Named counters, to be kept in a status.</summary>
    public IReadOnlyDictionary<string, long> ToCounters()
    {
        var counters = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            ["pass00"] = Pass0C0, ["pass01"] = Pass0C1, ["pass10"] = Pass1C0, ["pass11"] = Pass1C1,
            ["attack00"] = Attack0C0, ["attack01"] = Attack0C1, ["attack10"] = Attack1C0, ["attack11"] = Attack1C1,
            ["baselineDecided"] = BaselineDecided, ["candidateDecided"] = CandidateDecided,
            ["baselineErrors"] = BaselineErrors, ["candidateErrors"] = CandidateErrors,
        };
        for (var i = 0; i < BaselineLatency.Count; i++) counters[$"baselineLatency{i}"] = BaselineLatency[i];
        for (var i = 0; i < CandidateLatency.Count; i++) counters[$"candidateLatency{i}"] = CandidateLatency[i];
        return counters;
    }

    /// <summary>From counters that <see cref="ToCounters"/> gave.</summary>
    public static RolloutSamples FromCounters(IReadOnlyDictionary<string, long> counters)
    {
        long At(string name) => counters.TryGetValue(name, out var value) ? value : 0;
        long[] Buckets(string name) => [.. Enumerable.Range(0, RolloutCounters.LatencyBuckets.Count + 1).Select(i => At($"{name}{i}"))];
        return new RolloutSamples
        {
            Pass0C0 = At("pass00"), Pass0C1 = At("pass01"), Pass1C0 = At("pass10"), Pass1C1 = At("pass11"),
            Attack0C0 = At("attack00"), Attack0C1 = At("attack01"), Attack1C0 = At("attack10"), Attack1C1 = At("attack11"),
            BaselineDecided = At("baselineDecided"), CandidateDecided = At("candidateDecided"),
            BaselineErrors = At("baselineErrors"), CandidateErrors = At("candidateErrors"),
            BaselineLatency = Buckets("baselineLatency"), CandidateLatency = Buckets("candidateLatency"),
        };
    }

    private static RolloutSamples Combine(RolloutSamples a, RolloutSamples b, int sign)
    {
        long F(long x, long y) => Math.Max(0, x + (sign * y));
        long[] Each(IReadOnlyList<long> x, IReadOnlyList<long> y) =>
            [.. Enumerable.Range(0, Math.Max(x.Count, y.Count)).Select(i => F(i < x.Count ? x[i] : 0, i < y.Count ? y[i] : 0))];
        return new RolloutSamples
        {
            Pass0C0 = F(a.Pass0C0, b.Pass0C0), Pass0C1 = F(a.Pass0C1, b.Pass0C1),
            Pass1C0 = F(a.Pass1C0, b.Pass1C0), Pass1C1 = F(a.Pass1C1, b.Pass1C1),
            Attack0C0 = F(a.Attack0C0, b.Attack0C0), Attack0C1 = F(a.Attack0C1, b.Attack0C1),
            Attack1C0 = F(a.Attack1C0, b.Attack1C0), Attack1C1 = F(a.Attack1C1, b.Attack1C1),
            BaselineDecided = F(a.BaselineDecided, b.BaselineDecided), CandidateDecided = F(a.CandidateDecided, b.CandidateDecided),
            BaselineErrors = F(a.BaselineErrors, b.BaselineErrors), CandidateErrors = F(a.CandidateErrors, b.CandidateErrors),
            BaselineLatency = Each(a.BaselineLatency, b.BaselineLatency),
            CandidateLatency = Each(a.CandidateLatency, b.CandidateLatency),
        };
    }
}
