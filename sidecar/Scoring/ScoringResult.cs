using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Scoring;

/// <summary>How scoring ended.</summary>
public enum ScoringOutcome
{
    /// <summary>Nothing to score with, or nothing to score.</summary>
    Skipped,

    /// <summary>All parts were scored.</summary>
    Scored,

    /// <summary>Scored, but not all of the request was looked at: <see cref="ScoringResult.Gaps"/> says why.</summary>
    Partial,

    /// <summary>The budget ended first; the score is that of the parts until then.</summary>
    TimedOut,

    /// <summary>A model is not loaded, or failed.</summary>
    Unavailable,

    /// <summary>The pool could not be asked; local models have answered.</summary>
    PoolUnavailable,
}

/// <summary>What models say of a request. The list of models is only filled when somebody will read it.</summary>
public readonly record struct ScoringResult
{
    public ScoringOutcome Outcome { get; init; }

    /// <summary>What the models did not look at, whatever the outcome; none when they saw the whole request.</summary>
    public ModelGaps Gaps { get; init; }

    /// <summary>Parts that models looked at; headers as browsers send them are not among them.</summary>
    public int PartsScored { get; init; }

    /// <summary>Score of the arm that decides, 0 to 1.</summary>
    public double Score { get; init; }

    public RiskLevel Risk { get; init; }

    /// <summary>What the policy does at that risk.</summary>
    public RiskActionKind Action { get; init; }

    /// <summary>Part that scored highest, such as <c>query:q</c>.</summary>
    public string? Part { get; init; }

    /// <summary>
    /// The part as rules name it (<c>ARGS:q</c>), for judging whether its value may be shown.
    /// </summary>
    public string? Variable { get; init; }

    /// <summary>Excerpt of its normalised bytes that weighed most; bounded, to be redacted by the caller.</summary>
    public string? Excerpt { get; init; }

    /// <summary>Attack family that the part looks like most, or null.</summary>
    public string? Family { get; init; }

    /// <summary>
    /// How wide the answer of models that read the whole request is, in log-odds: 0 for a sure one, or for none.
    /// </summary>
    public double Uncertainty { get; init; }

    /// <summary>
    /// The last model that read the request is unsure: its score counts, and the policy says what is done at least.
    /// </summary>
    public bool IsUncertain { get; init; }

    /// <summary>
    /// Rules found something that the joint score did not weigh: in a part that was not looked at, or is excluded.
    /// </summary>
    public bool HasUnjudgedHits { get; init; }

    /// <summary>Log-odds that rules which matched added to the models' score; 0 without any.</summary>
    public double RuleEvidence { get; init; }

    /// <summary>
    /// Rules and models found an attack, each by themselves: hardly a false positive, so nothing is learned about those
    /// from it.
    /// </summary>
    public bool IsFoundByBoth { get; init; }

    /// <summary>Names of exclusions that took part; null for none.</summary>
    public IReadOnlyList<string>? Exclusions { get; init; }

    /// <summary>Names of those without which the policy would have done something else; null for none.</summary>
    public IReadOnlyList<string>? ChangedBy { get; init; }

    /// <summary>Labels of fields that carry code, without which it would have done something else.</summary>
    public IReadOnlyList<string>? CodeFields { get; init; }

    /// <summary>Each model's own answer.</summary>
    public IReadOnlyList<ModelResult> Models { get; init; }
}

/// <summary>What the caller knows of a request besides its bytes.</summary>
public readonly ref struct ScoringFacts
{
    /// <summary>Identity of the client: 16 bytes of its address.</summary>
    public ReadOnlySpan<byte> Client { get; init; }

    /// <summary>The rules call the request an attack.</summary>
    public bool RulesFoundAttack { get; init; }

    /// <summary>What rules about attacks found, and where; null when there are no rules.</summary>
    public IReadOnlyList<RuleHit>? Hits { get; init; }

    /// <summary>Rules found more than <see cref="Hits"/> holds.</summary>
    public bool HasDroppedHits { get; init; }

    /// <summary>Somebody will read each model's answer, however low it is.</summary>
    public bool WantsExplanation { get; init; }

    /// <summary>Prefix of the policy's route, for learning.</summary>
    public string Route { get; init; }

    /// <summary>A number that spreads evenly over requests, for sampling.</summary>
    public ulong Sample { get; init; }
}
