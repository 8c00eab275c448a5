using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Models;

/// <summary>Where a ModelVersion is.</summary>
public enum ModelPhase { Pending, Verifying, Evaluating, Shadow, Canary, Promoted, RolledBack, Superseded, Failed }

/// <summary>Result of the comparison with the version in force.</summary>
public enum RolloutVerdict { None, Inconclusive, Pass, Fail }

/// <summary>What the operator found. Holds everything that a restarted operator needs to go on.</summary>
public sealed record ModelVersionStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Where the version is.")]
    public ModelPhase Phase { get; init; }

    [Description("When the phase began.")]
    public DateTimeOffset? PhaseStartedAt { get; init; }

    [Description("Index of the rollout step."), Bounds(0, 16)]
    public int Step { get; init; }

    [Description("When the step began.")]
    public DateTimeOffset? StepStartedAt { get; init; }

    [Description("Share of clients in percent."), Bounds(0, 100)]
    public int Weight { get; init; }

    [Description("Paired samples of this step."), Bounds(0, long.MaxValue)]
    public long Samples { get; init; }

    [Description("Result of the comparison with the version in force.")]
    public RolloutVerdict Verdict { get; init; }

    [Description("One sentence for people."), Length(4096)]
    public string? Message { get; init; }

    [Description("Version that was promoted when this rollout began."), Length(84)]
    public string? Baseline { get; init; }

    [Description("Digest of the baseline's package."), Length(71)]
    public string? BaselineDigest { get; init; }

    [Description("When a decision can be expected at the present rate of traffic.")]
    public DateTimeOffset? EstimatedDecisionTime { get; init; }

    [Description("Number of looks at the numbers in this step (alpha spending)."), Bounds(0, int.MaxValue)]
    public int Looks { get; init; }

    [Description("Each metric with both values."), Items(64, MapKeys = ["name"])]
    public IReadOnlyList<RolloutMetricStatus> Metrics { get; init; } = [];

    [Description("Requests that each version decided since the rollout began, and until the present step began."),
        Items(64, MapKeys = ["name"])]
    public IReadOnlyList<CounterSnapshot> Counters { get; init; } = [];

    [Description("Transitions, newest last."), Items(50)]
    public IReadOnlyList<RolloutHistoryEntry> History { get; init; } = [];

    [Description("Verified, Evaluated, Progressing, Promoted, RolledBack, Restored, Stalled, Ready."),
        Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>A metric of a rollout.</summary>
public sealed record RolloutMetricStatus
{
    [Description("Name."), RequiredField, Length(128)]
    public string Name { get; init; } = "";

    [Description("Baseline's value, as a decimal string."), Length(32)]
    public string? Baseline { get; init; }

    [Description("Candidate's value, as a decimal string."), Length(32)]
    public string? Candidate { get; init; }

    [Description("Bound of the difference that the verdict rests on, as a decimal string."), Length(64)]
    public string? Bound { get; init; }

    [Description("Threshold, as a decimal string."), Length(32)]
    public string? Threshold { get; init; }

    [Description("Result of this metric.")]
    public RolloutVerdict Verdict { get; init; }
}

/// <summary>A counter's value at a moment.</summary>
public sealed record CounterSnapshot
{
    [Description("Name."), RequiredField, Length(128)]
    public string Name { get; init; } = "";

    [Description("Value."), Bounds(0, long.MaxValue)]
    public long Value { get; init; }
}

/// <summary>One event of a rollout.</summary>
public sealed record RolloutHistoryEntry
{
    [Description("When."), RequiredField]
    public DateTimeOffset Time { get; init; }

    [Description("Phase that was entered."), RequiredField]
    public ModelPhase Phase { get; init; }

    [Description("Why."), Length(1024)]
    public string? Message { get; init; }
}
