namespace WafOperator.Protocols.Policies;

/// <summary>
/// What clients do over time: what is remembered, how it is judged, and what follows at the next request.
/// </summary>
public sealed record BehaviourPolicy
{
    /// <summary>Never more than the policy's mode.</summary>
    public InspectionMode Mode { get; init; } = InspectionMode.Detect;

    /// <summary>Clients and sessions that each sidecar remembers; 640 bytes each.</summary>
    public int Clients { get; init; } = 20_000;

    /// <summary>Values by which requests are remembered besides their client.</summary>
    public IReadOnlyList<DistinctValues> Sessions { get; init; } = [];

    /// <summary>Networks whose clients are neither remembered nor held.</summary>
    public IReadOnlyList<string> ExemptClients { get; init; } = [];

    /// <summary>Models of behaviour; the highest risk counts.</summary>
    public IReadOnlyList<ModelAssignment> Models { get; init; } = [];
    public double MediumThreshold { get; init; } = 0.5;
    public double HighThreshold { get; init; } = 0.7;
    public double CriticalThreshold { get; init; } = 0.9;
    public BehaviourActionKind MediumAction { get; init; } = BehaviourActionKind.Log;
    public BehaviourActionKind HighAction { get; init; } = BehaviourActionKind.Log;
    public BehaviourActionKind CriticalAction { get; init; } = BehaviourActionKind.Log;

    /// <summary>How long a client is held.</summary>
    public TimeSpan QuarantineFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Requests per <see cref="ThrottlePeriod"/> that a throttled client has.</summary>
    public int ThrottleRequests { get; init; } = 60;
    public TimeSpan ThrottlePeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How clients are asked to show that they are browsers; null where no level asks.</summary>
    public ChallengePolicy? Challenge { get; init; }
}

/// <summary>How clients are asked to show that they are browsers.</summary>
public sealed record ChallengePolicy
{
    /// <summary>
    /// Keys of tickets and passes, base64 of 32 bytes each: the first makes, all are taken. Empty: the sidecar has one
    /// of its own, which no other replica takes.
    /// </summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>How long a client is not asked again.</summary>
    public TimeSpan PassFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Work of the last rung: leading zero bits of a hash, 2 to this power tries on average.</summary>
    public int WorkBits { get; init; } = 15;

    public bool Equals(ChallengePolicy? other) => other is not null && PassFor == other.PassFor
        && WorkBits == other.WorkBits && Keys.SequenceEqual(other.Keys);

    public override int GetHashCode() => HashCode.Combine(PassFor, WorkBits, Keys.Count);

    /// <summary>Never shows a key.</summary>
    public override string ToString() => $"{Keys.Count} keys, {PassFor}, {WorkBits} bits";
}

/// <summary>What follows from a client's risk, in rising order.</summary>
public enum BehaviourActionKind
{
    /// <summary>Nothing, and nothing is said.</summary>
    Allow,

    /// <summary>The event says so.</summary>
    Log,

    /// <summary>The client is to show that it is a browser: the more, the higher the risk.</summary>
    Challenge,

    /// <summary>The client has a lower rate.</summary>
    Throttle,

    /// <summary>The client is refused for a time.</summary>
    Quarantine,

    /// <summary>The request is refused.</summary>
    Block,
}
