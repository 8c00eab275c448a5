using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Rollouts.Machine;

/// <summary>How a step outside ended, as far as it did.</summary>
public enum StageOutcome { Unknown, Running, Succeeded, Failed }

/// <summary>Outcome of verifying or evaluating, with words.</summary>
public sealed record StageResult(StageOutcome Outcome, string? Message = null)
{
    public static StageResult Unknown { get; } = new(StageOutcome.Unknown);
}

/// <summary>The version that is promoted now.</summary>
public sealed record PromotedVersion(string Version, string Digest);

/// <summary>Everything that the next state of a rollout depends on. What is only in memory is not in here.</summary>
public sealed record RolloutInputs
{
    public required ModelVersionSpec Spec { get; init; }
    public ModelVersionStatus Status { get; init; } = new();
    public long Generation { get; init; }

    /// <summary>Step numbers (from 1) that the annotation <c>wafoperator.dev/approve-step</c> names.</summary>
    public int ApprovedStep { get; init; }

    /// <summary>No other rollout of the family is under way, and this one is next in line.</summary>
    public bool IsFirstInLine { get; init; }

    /// <summary>Name of the rollout that is under way before it, or null.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Why this digest was refused before, or null.</summary>
    public string? RejectedBefore { get; init; }

    /// <summary>Names of the policies that name the family and enforce what it says.</summary>
    public IReadOnlyList<string> EnforcedBy { get; init; } = [];

    /// <summary>The promoted version of the family, or null.</summary>
    public PromotedVersion? Promoted { get; init; }

    public StageResult Verification { get; init; } = StageResult.Unknown;
    public StageResult Evaluation { get; init; } = StageResult.Unknown;

    /// <summary>Why sidecars could not load the candidate, or null.</summary>
    public string? LoadFailure { get; init; }

    /// <summary>Counters of the present step over all sidecars.</summary>
    public RolloutSamples Samples { get; init; } = new();

    /// <summary>Metrics judged elsewhere.</summary>
    public IReadOnlyList<MetricJudgement> OtherMetrics { get; init; } = [];

    /// <summary>
    /// Answer of the webhooks for the step that would be entered; unknown until a transition asks for it.
    /// </summary>
    public StageResult Webhooks { get; init; } = StageResult.Unknown;

    public required DateTimeOffset Now { get; init; }
}

/// <summary>What happens to a rollout.</summary>
/// <param name="Status">The next status; the same object when nothing changes.</param>
/// <param name="LookAgain">When to look again, or null when only a change can bring news.</param>
/// <param name="Event">What happened, for an event; null when nothing did.</param>
public sealed record RolloutTransition(ModelVersionStatus Status, TimeSpan? LookAgain, string? Event = null)
{
    /// <summary>
    /// Everything else is ready for this step: ask the webhooks and come again with their answer. Else null.
    /// </summary>
    public StepToEnter? AsksWebhooks { get; init; }
}

/// <summary>A step that a rollout could enter.</summary>
/// <param name="Number">From 1; one more than there are steps for the promotion.</param>
/// <param name="Weight">Share of clients in percent it would give to the candidate.</param>
public sealed record StepToEnter(int Number, int Weight);
