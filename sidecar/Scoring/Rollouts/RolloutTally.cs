using WafOperator.Protocols.Status;

namespace WafOperator.Scoring.Rollouts;

/// <summary>
/// Counts one rollout on this sidecar: decisions per arm, pairs, errors, latencies. Thread-safe, allocation-free.
/// </summary>
public sealed class RolloutTally(string model, string baselineDigest, string candidateDigest, string? salt, int? step)
{
    private readonly long[] _pairs = new long[4];
    private readonly long[] _attackPairs = new long[4];
    private readonly long[] _baselineLatency = new long[RolloutCounters.LatencyBuckets.Count + 1];
    private readonly long[] _candidateLatency = new long[RolloutCounters.LatencyBuckets.Count + 1];
    private long _baselineDecided;
    private long _candidateDecided;
    private long _baselineBlocked;
    private long _candidateBlocked;
    private long _baselineErrors;
    private long _candidateErrors;

    /// <summary>True when this tally counts that very step of that very rollout.</summary>
    public bool IsOf(string family, string baseline, string candidate, string? rolloutSalt, int? rolloutStep) =>
        (model, baselineDigest, candidateDigest, salt, step) == (family, baseline, candidate, rolloutSalt, rolloutStep);

    /// <summary>A request was decided by one arm.</summary>
    public void Decided(bool byCandidate, bool blocked)
    {
        Interlocked.Increment(ref byCandidate ? ref _candidateDecided : ref _baselineDecided);
        if (blocked) Interlocked.Increment(ref byCandidate ? ref _candidateBlocked : ref _baselineBlocked);
    }

    /// <summary>Both versions scored a request.</summary>
    /// <param name="baseline">The baseline flagged it.</param>
    /// <param name="candidate">The candidate flagged it.</param>
    /// <param name="isAttack">The rules call it an attack: a label that neither model made.</param>
    public void Paired(bool baseline, bool candidate, bool isAttack)
    {
        var cell = (baseline ? 2 : 0) + (candidate ? 1 : 0);
        Interlocked.Increment(ref _pairs[cell]);
        if (isAttack) Interlocked.Increment(ref _attackPairs[cell]);
    }

    /// <summary>A version failed on a request.</summary>
    public void Failed(bool candidate) =>
        Interlocked.Increment(ref candidate ? ref _candidateErrors : ref _baselineErrors);

    /// <summary>Time that one version took for one value.</summary>
    public void Took(bool candidate, TimeSpan time)
    {
        var bucket = 0;
        var microseconds = time.TotalMicroseconds;
        while (bucket < RolloutCounters.LatencyBuckets.Count
            && microseconds > RolloutCounters.LatencyBuckets[bucket]) bucket++;
        Interlocked.Increment(ref (candidate ? _candidateLatency : _baselineLatency)[bucket]);
    }

    /// <summary>The counters now.</summary>
    public RolloutCounters Read() => new()
    {
        Model = model,
        BaselineDigest = baselineDigest,
        CandidateDigest = candidateDigest,
        Salt = salt,
        Step = step,
        BaselineDecided = Interlocked.Read(ref _baselineDecided),
        CandidateDecided = Interlocked.Read(ref _candidateDecided),
        BaselineBlocked = Interlocked.Read(ref _baselineBlocked),
        CandidateBlocked = Interlocked.Read(ref _candidateBlocked),
        PairsB0C0 = Interlocked.Read(ref _pairs[0]),
        PairsB0C1 = Interlocked.Read(ref _pairs[1]),
        PairsB1C0 = Interlocked.Read(ref _pairs[2]),
        PairsB1C1 = Interlocked.Read(ref _pairs[3]),
        AttackB0C0 = Interlocked.Read(ref _attackPairs[0]),
        AttackB0C1 = Interlocked.Read(ref _attackPairs[1]),
        AttackB1C0 = Interlocked.Read(ref _attackPairs[2]),
        AttackB1C1 = Interlocked.Read(ref _attackPairs[3]),
        BaselineErrors = Interlocked.Read(ref _baselineErrors),
        CandidateErrors = Interlocked.Read(ref _candidateErrors),
        BaselineLatency = Copy(_baselineLatency),
        CandidateLatency = Copy(_candidateLatency),
    };

    private static long[] Copy(long[] counts) =>
        [.. Enumerable.Range(0, counts.Length).Select(i => Interlocked.Read(ref counts[i]))];
}
