using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Schemas;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Decisions;

/// <summary>Everything the stages found out about one request: the whole input of the decision.</summary>
internal readonly record struct DecisionInputs
{
    /// <summary>False when no policy was ever received.</summary>
    public bool HasPolicy { get; init; }

    /// <summary>The policy's mode: for access lists and rate limits.</summary>
    public InspectionMode PolicyMode { get; init; }

    /// <summary>The route's mode, never more than the policy's: for limits, rules and models.</summary>
    public InspectionMode RouteMode { get; init; }

    /// <summary>Who decides about attacks.</summary>
    public DecisionKind Decision { get; init; }

    /// <summary>The models' own ceiling.</summary>
    public InspectionMode ModelMode { get; init; }
    public FailureModes FailureModes { get; init; }

    /// <summary>Status of the policy's block response.</summary>
    public int BlockStatus { get; init; }
    public LimitOutcome Limit { get; init; }
    public AccessOutcome Access { get; init; }

    /// <summary>The feed that has the client, where one denied it.</summary>
    public string? Feed { get; init; }
    public RateOutcome Rate { get; init; }

    /// <summary>What the client did before.</summary>
    public BehaviourOutcome Behaviour { get; init; }

    /// <summary>Mode of <see cref="Behaviour"/>, never more than the policy's.</summary>
    public InspectionMode BehaviourMode { get; init; }
    public RuleOutcome Rules { get; init; }
    public ModelOutcome Models { get; init; }

    /// <summary>What does not fit the API's description, and its mode.</summary>
    public SchemaOutcome Schema { get; init; }

    /// <summary>What of the request was looked at.</summary>
    public Coverage Coverage { get; init; }
}

/// <summary>What the proxy's own bounds say about a request.</summary>
internal enum LimitOutcome
{
    /// <summary>Within them.</summary>
    Within,

    /// <summary>
    /// The request cannot be read in one way only (both framings, a target without a path, an upgrade that its protocol
    /// does not have): never forwarded.
    /// </summary>
    Ambiguous,

    /// <summary>The body is longer than the policy inspects, and the policy rejects such bodies.</summary>
    BodyTooLarge,

    /// <summary>The canonical reader met a bound that means refusal.</summary>
    TooMuch,
}

/// <summary>How rule evaluation ended.</summary>
internal enum RuleOutcomeKind
{
    /// <summary>There are no rules, or they were not asked.</summary>
    NotRun,

    /// <summary>Evaluated; no decision to interrupt.</summary>
    Passed,

    /// <summary>A rule decided to interrupt.</summary>
    Interrupted,

    /// <summary>A rule would have interrupted, but the rules themselves say DetectionOnly.</summary>
    WouldInterrupt,

    /// <summary>The engine met a bound or an error: there is no answer.</summary>
    Failed,
}

/// <summary>How a rule's interruption is carried out.</summary>
internal enum BlockForm
{
    Respond, Redirect, Drop,

    /// <summary>The client is asked to show that it is a browser.</summary>
    Challenge,

    /// <summary>The client is a program that meant something else: problem details (RFC 9457).</summary>
    Problem,
}

/// <summary>The rules' answer.</summary>
internal readonly record struct RuleOutcome(
    RuleOutcomeKind Kind, BlockForm Form = BlockForm.Respond, int Status = 0, string? RedirectUrl = null,
    string? Message = null)
{
    /// <summary>The engine did not fail: the request was more work than its bound allows.</summary>
    public bool IsExhausted { get; init; }

    /// <summary>What the anomaly score says where it does not interrupt by itself.</summary>
    public ScoreJudgement Score { get; init; }
}

/// <summary>The anomaly score against its threshold, where the decision is not the rules' alone.</summary>
/// <param name="IsOver">The score reached the threshold.</param>
/// <param name="IsStandingOver">
/// Rules that models know nothing of (protocol, scanners, methods, restricted files) reached it by themselves.
/// </param>
/// <param name="Refusal">What the rule that compares would have done.</param>
internal readonly record struct ScoreJudgement(bool IsOver, bool IsStandingOver, ScoreRefusal Refusal);

/// <summary>How a score over its threshold is refused.</summary>
/// <param name="Status">Status that the rule names.</param>
/// <param name="Form">How it interrupts.</param>
/// <param name="RedirectUrl">Where to.</param>
/// <param name="Message">What the rule says.</param>
/// <param name="IsEnforced">False when the rules themselves say DetectionOnly.</param>
internal readonly record struct ScoreRefusal(
    int Status, BlockForm Form, string? RedirectUrl, string? Message, bool IsEnforced);

/// <summary>How scoring ended.</summary>
internal enum ModelOutcomeKind
{
    /// <summary>There are no models, or they were not asked.</summary>
    NotRun,

    /// <summary>Scored; <see cref="ModelOutcome.Action"/> is the policy's for the risk.</summary>
    Scored,

    /// <summary>A local model missed the deadline or failed.</summary>
    Unavailable,

    /// <summary>The pool could not be asked; local models have answered.</summary>
    PoolUnavailable,
}

/// <summary>The models' answer.</summary>
internal readonly record struct ModelOutcome(
    ModelOutcomeKind Kind, RiskActionKind Action = RiskActionKind.Allow, string? Risk = null, string? Message = null)
{
    /// <summary>What models did not look at.</summary>
    public ModelGaps Gaps { get; init; }

    /// <summary>Rules found something that models did not weigh.</summary>
    public bool HasUnjudgedHits { get; init; }

    /// <summary>
    /// Models looked at everything that rules found something in, and at every part. The rest of a value that is too
    /// long to be read whole is nothing that rules could decide better: they found nothing there.
    /// </summary>
    public bool SawEverything => Kind is not ModelOutcomeKind.NotRun && !HasUnjudgedHits
        && (Gaps & ~ModelGaps.Window) is ModelGaps.None;
}
