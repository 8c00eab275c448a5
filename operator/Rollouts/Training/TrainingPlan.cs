using WafOperator.Resources.Quantities;

namespace WafOperator.Rollouts.Training;

/// <summary>Why a run of training begins.</summary>
public enum TrainingCause { Scheduled, ByHand, DetectionFell, RulesChanged, CorpusChanged }

/// <summary>What the decision whether to train rests on.</summary>
public sealed record TrainingInputs
{
    /// <summary>When runs are due; null: never by the clock.</summary>
    public CronSchedule? Schedule { get; init; }

    /// <summary>When the last run began, or else when the object was made: what was due before is done.</summary>
    public required DateTimeOffset CountedFrom { get; init; }

    /// <summary>When the last run began, whatever began it; null: there was none.</summary>
    public DateTimeOffset? LastRunAt { get; init; }

    /// <summary>Nothing begins.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>A Job is under way.</summary>
    public bool IsRunning { get; init; }

    /// <summary>What the annotation says that asks for a run by hand; null: it is not there.</summary>
    public string? Trigger { get; init; }

    /// <summary>What it said when the last run began.</summary>
    public string? TriggerSeen { get; init; }

    /// <summary>What changed since the last run (<see cref="TrainingTriggers"/>).</summary>
    public IReadOnlyList<TrainingCause> Causes { get; init; } = [];

    public required DateTimeOffset Now { get; init; }
}

/// <summary>What to do now.</summary>
/// <param name="Causes">Why a run begins; empty: none does.</param>
/// <param name="LookAgain">When to decide again at the latest; null: when something changes.</param>
/// <param name="Message">For people.</param>
public sealed record TrainingDecision(IReadOnlyList<TrainingCause> Causes, DateTimeOffset? LookAgain, string Message)
{
    public bool IsDue => Causes.Count > 0;
}

/// <summary>
/// Whether a run of training begins. All reasons that there are at a moment make one run; times that were missed, for
/// whatever reason, make one run; and while one runs, none begins. Pure.
/// </summary>
public static class TrainingPlan
{
    /// <summary>
    /// Least time between a run and another that neither the clock nor a person wants: what is measured moves slowly,
    /// and whoever can move it must not be able to keep the cluster training.
    /// </summary>
    public static readonly TimeSpan TriggeredEvery = TimeSpan.FromHours(24);

    /// <summary>Decides.</summary>
    public static TrainingDecision Decide(TrainingInputs inputs)
    {
        var next = inputs.Schedule?.NextAfter(inputs.CountedFrom);
        if (inputs.IsRunning) return new([], null, "a run is under way; what else is due waits for its end");
        if (inputs.IsSuspended) return new([], null, "suspended: what is due begins when spec.suspend is false");
        var causes = new List<TrainingCause>();
        if (next <= inputs.Now) causes.Add(TrainingCause.Scheduled);
        if (inputs.Trigger is { Length: > 0 } && inputs.Trigger != inputs.TriggerSeen) causes.Add(TrainingCause.ByHand);
        var rest = inputs.LastRunAt + TriggeredEvery;
        var mayFollow = !(rest > inputs.Now);
        if (mayFollow || causes.Count > 0) causes.AddRange(inputs.Causes);
        if (causes.Count > 0) return new(causes, null, $"begins: {string.Join(", ", causes)}");
        if (inputs.Causes.Count > 0)
            return new([], Earlier(next, rest),
                $"{string.Join(", ", inputs.Causes)}: waits until {rest:u}, as the last run "
                + $"is less than {TriggeredEvery.TotalHours:0} h ago");
        return new([], next, next is { } at ? $"next run at {at:u}" : "runs by hand only");
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a < b ? a : b ?? a;
}
