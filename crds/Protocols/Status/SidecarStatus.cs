namespace WafOperator.Protocols.Status;

/// <summary>
/// What a sidecar reports of itself: pushed to the operator, and shown on its own status page. Counters only ever grow
/// within one <see cref="StartedAt"/>.
/// </summary>
public sealed record SidecarStatus
{
    public const string FormatVersion = "waf-status/v1";

    public string Format { get; init; } = FormatVersion;
    public string Version { get; init; } = "";
    public DateTimeOffset StartedAt { get; init; }
    public string? Namespace { get; init; }
    public string? Policy { get; init; }

    /// <summary>Revision that is in force, or null when none is.</summary>
    public string? Revision { get; init; }
    public long Generation { get; init; }
    public string? Mode { get; init; }

    /// <summary>Revision that was received and refused, with the reason.</summary>
    public string? RejectedRevision { get; init; }
    public string? RejectedReason { get; init; }

    /// <summary>Where the policy in force came from: <c>Operator</c>, <c>LastGoodCopy</c> or <c>File</c>.</summary>
    public string? Source { get; init; }

    /// <summary>When the operator was last heard.</summary>
    public DateTimeOffset? LastContact { get; init; }

    public RequestCounters Requests { get; init; } = new();
    public InspectionCounters Inspection { get; init; } = new();
    public IReadOnlyList<ModelStatus> Models { get; init; } = [];
    public IReadOnlyList<RolloutCounters> Rollouts { get; init; } = [];
    public IReadOnlyDictionary<string, long> ExclusionHits { get; init; } = new Dictionary<string, long>();
    public LearningReport? Learning { get; init; }

    /// <summary>How limits are counted, where the policy says how; null: each replica by itself.</summary>
    public SharingReport? Sharing { get; init; }

    /// <summary>Methods, media types and charsets that the policy's lists lack, and forms of parameters, as mode Detect
    /// saw them.</summary>
    public IReadOnlyList<SeenValue> Vocabulary { get; init; } = [];

    /// <summary>What was counted with each ApiSchema; null where there is none.</summary>
    public IReadOnlyList<ApiSchemaReport>? ApiSchemas { get; init; }
}

/// <summary>How this sidecar counts rate limits.</summary>
public sealed record SharingReport
{
    /// <summary>Replicas by which limits are divided; 1 while the operator has not said.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Redis answers; null without one.</summary>
    public bool? Connected { get; init; }

    /// <summary>Why Redis does not answer.</summary>
    public string? Problem { get; init; }

    /// <summary>Units that were given while Redis was away and are not told it yet.</summary>
    public long Debt { get; init; }
}

/// <summary>Requests by verdict.</summary>
public sealed record RequestCounters
{
    public long Total { get; init; }
    public long Allowed { get; init; }
    public long Blocked { get; init; }
    public long WouldBlock { get; init; }
    public long RateLimited { get; init; }
    public long Unavailable { get; init; }
}

/// <summary>What was looked at of the requests that went on to the application.</summary>
public sealed record InspectionCounters
{
    /// <summary>Requests that went on.</summary>
    public long Requests { get; init; }

    /// <summary>Of those, requests that were inspected whole.</summary>
    public long Whole { get; init; }

    /// <summary>Bytes of their heads and bodies; of streams in both directions, the head.</summary>
    public long Bytes { get; init; }

    /// <summary>Of those, bytes that were inspected.</summary>
    public long BytesInspected { get; init; }

    /// <summary>Requests by the reasons why they were not inspected whole; names of <c>UninspectedReason</c>.</summary>
    public IReadOnlyDictionary<string, long> Uninspected { get; init; } = new Dictionary<string, long>();
}

/// <summary>A loaded model.</summary>
public sealed record ModelStatus
{
    public required string Model { get; init; }
    public required string Version { get; init; }
    public required string Digest { get; init; }

    /// <summary>
    /// <c>Loaded</c>, <c>Loading</c> (not there yet), <c>Missing</c> (could not be had, or the family has no version) or
    /// <c>Failed</c> (cannot be used). While one is not <c>Loaded</c>, rules decide.
    /// </summary>
    public required string State { get; init; }
    public string? Message { get; init; }
}

/// <summary>
/// Counters of one rollout on one sidecar. Pairs are requests that both versions scored: what each would have decided,
/// <c>B</c> baseline and <c>C</c> candidate, 1 flagged and 0 not.
/// </summary>
public sealed record RolloutCounters
{
    public required string Model { get; init; }
    public required string BaselineDigest { get; init; }
    public required string CandidateDigest { get; init; }
    public string? Salt { get; init; }

    /// <summary>Step that was counted, as the policy document numbers it.</summary>
    public int? Step { get; init; }

    /// <summary>Requests decided by each arm.</summary>
    public long BaselineDecided { get; init; }
    public long CandidateDecided { get; init; }

    /// <summary>Requests that the candidate's arm blocked.</summary>
    public long BaselineBlocked { get; init; }
    public long CandidateBlocked { get; init; }

    public long PairsB0C0 { get; init; }
    public long PairsB0C1 { get; init; }
    public long PairsB1C0 { get; init; }
    public long PairsB1C1 { get; init; }

    /// <summary>The same four for requests that the rules called attacks (a label that neither model made).</summary>
    public long AttackB0C0 { get; init; }
    public long AttackB0C1 { get; init; }
    public long AttackB1C0 { get; init; }
    public long AttackB1C1 { get; init; }

    public long BaselineErrors { get; init; }
    public long CandidateErrors { get; init; }

    /// <summary>Latency histograms: counts per bucket of <see cref="LatencyBuckets"/>, the last for everything above.</summary>
    public IReadOnlyList<long> BaselineLatency { get; init; } = [];
    public IReadOnlyList<long> CandidateLatency { get; init; } = [];

    /// <summary>Upper bounds of the latency buckets, microseconds.</summary>
    public static IReadOnlyList<int> LatencyBuckets { get; } =
        [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
}

/// <summary>How far learning is.</summary>
public sealed record LearningReport
{
    public long Requests { get; init; }
    public double? ProposedThreshold { get; init; }
    public double? AppliedThreshold { get; init; }
    public long WouldBlock { get; init; }
    public bool SafeToEnforce { get; init; }

    /// <summary>Serialized sketches for merging across replicas, base64; bounded.</summary>
    public string? Sketches { get; init; }
}
