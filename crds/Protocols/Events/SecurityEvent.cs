namespace WafOperator.Protocols.Events;

/// <summary>One decision about one request. Never a secret, never a body.</summary>
public sealed record SecurityEvent
{
    public const string FormatVersion = "waf-event/v1";

    public string Format { get; init; } = FormatVersion;

    /// <summary>Unique id, also shown to the blocked client.</summary>
    public required string Id { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string Namespace { get; init; }
    public required string Policy { get; init; }
    public required string Revision { get; init; }
    public string? Pod { get; init; }
    public required string Client { get; init; }
    public required string Method { get; init; }

    /// <summary>Path without query, redacted and bounded.</summary>
    public required string Path { get; init; }
    public string? Host { get; init; }
    public required VerdictKind Verdict { get; init; }

    /// <summary>What Enforce would have done, in mode Detect.</summary>
    public VerdictKind WouldHave { get; init; }

    /// <summary>
    /// Stable reason: which part decided (<c>Rules</c>, <c>Model</c>, <c>RateLimit</c>, <c>AccessList</c>,
    /// <c>Limit</c>, <c>Protocol</c>, <c>Uninspected</c>, <c>Unavailable</c>, <c>Off</c>, <c>Behaviour</c>,
    /// <c>Schema</c>).
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>One sentence for people.</summary>
    public string? Message { get; init; }
    public int StatusCode { get; init; }
    public int AnomalyScore { get; init; }
    public IReadOnlyList<RuleMatch> Rules { get; init; } = [];
    public IReadOnlyList<ModelResult> Models { get; init; } = [];
    public string? Risk { get; init; }

    /// <summary>Joint score of models and rules, 0 to 1; null when models did not run.</summary>
    public double? Score { get; init; }

    /// <summary>Log-odds that rules added to it in the part that scored highest.</summary>
    public double RuleEvidence { get; init; }

    /// <summary>What the client did before; null when that is not judged, or means nothing.</summary>
    public BehaviourFinding? Behaviour { get; init; }

    /// <summary>How much the head looks like a program's; null where clients are not remembered.</summary>
    public BotFinding? Bot { get; init; }

    /// <summary>What does not fit the API's description; null when all fits, or nothing describes it.</summary>
    public ApiFinding? Api { get; init; }

    /// <summary>Names of WafExclusions that changed something.</summary>
    public IReadOnlyList<string> Exclusions { get; init; } = [];

    /// <summary>
    /// Fields that carry code, and what was noted in them without refusing the request; null for none.
    /// </summary>
    public IReadOnlyList<CodeFieldNote>? CodeFields { get; init; }

    /// <summary>What was looked at. A request that was refused before is not looked at further.</summary>
    public InspectionCoverage? Coverage { get; init; }

    /// <summary>Time of inspection, microseconds.</summary>
    public long InspectionMicroseconds { get; init; }
}

/// <summary>What was noted in a field that carries code.</summary>
public sealed record CodeFieldNote
{
    /// <summary>Path and name of the field as the policy has them, apart by a blank.</summary>
    public required string Field { get; init; }

    /// <summary>Rules that found something there, the first of them.</summary>
    public IReadOnlyList<long> Rules { get; init; } = [];

    /// <summary>Models would have led to something else there.</summary>
    public bool ByModels { get; init; }
}

/// <summary>How much a request's head looks like a program's. Recorded; decides nothing.</summary>
public sealed record BotFinding
{
    /// <summary>0 to 100.</summary>
    public int Weight { get; init; }

    /// <summary>Why, as <c>docs/behaviour.md</c> lists them.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];
}

/// <summary>What of a request does not fit its API's description.</summary>
public sealed record ApiFinding
{
    /// <summary>Name of the ApiSchema.</summary>
    public required string Schema { get; init; }

    /// <summary><c>operationId</c>, or method and path; null: there is no operation.</summary>
    public string? Operation { get; init; }

    /// <summary>
    /// <c>UnknownPath</c>, <c>UnknownMethod</c>, <c>Parameter</c>, <c>UndeclaredParameter</c>, <c>ContentType</c>,
    /// <c>Body</c> or <c>Unchecked</c>.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>In words of the document; nothing of the request is in it.</summary>
    public required string Message { get; init; }
}

/// <summary>What a client's past means for its request.</summary>
public sealed record BehaviourFinding
{
    /// <summary>0 to 1.</summary>
    public double Risk { get; init; }

    /// <summary>Who said so: a model family, or <c>violations</c>.</summary>
    public string? By { get; init; }

    /// <summary>
    /// What the policy does at this risk: <c>Log</c>, <c>Challenge</c>, <c>Throttle</c>, <c>Quarantine</c> or
    /// <c>Block</c>.
    /// </summary>
    public required string Action { get; init; }
}

/// <summary>What was decided.</summary>
public enum VerdictKind { Allow, Block, Limited, Unavailable }

/// <summary>A rule that matched.</summary>
public sealed record RuleMatch
{
    public required long Id { get; init; }
    public string? Message { get; init; }
    public string? Severity { get; init; }

    /// <summary>Variable that matched, such as <c>ARGS:q</c>.</summary>
    public string? Variable { get; init; }

    /// <summary>Redacted, bounded excerpt of what matched.</summary>
    public string? Data { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <summary>A model's answer.</summary>
public sealed record ModelResult
{
    public required string Model { get; init; }
    public required string Version { get; init; }
    public double Score { get; init; }

    /// <summary><c>Scored</c>, <c>TimedOut</c>, <c>Unavailable</c> or <c>Skipped</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary><c>baseline</c>, <c>candidate</c> or <c>shadow</c>.</summary>
    public string? Arm { get; init; }

    /// <summary>Attack family that the part looks like, for models that tell families; such as <c>sqli</c>.</summary>
    public string? Family { get; init; }

    /// <summary>Type within the family, for models of whole requests; such as <c>sqli/union</c>.</summary>
    public string? Type { get; init; }

    /// <summary>
    /// How wide the answer of a model of whole requests is, in log-odds: 0 for a sure one; null for models that do not
    /// say.
    /// </summary>
    public double? Uncertainty { get; init; }

    /// <summary>Part that scored highest, such as <c>query:q</c>.</summary>
    public string? Part { get; init; }

    /// <summary>Redacted, bounded excerpt of the bytes that weighed most, normalised as the model sees them.</summary>
    public string? Excerpt { get; init; }
    public long Microseconds { get; init; }
}
