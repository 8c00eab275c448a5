namespace WafOperator.Pools;

/// <summary>Where a pool is on its ladder. Kept in its status, so that a restarted operator goes on.</summary>
public sealed record LadderState
{
    /// <summary>The rung that receives requests; null while none does.</summary>
    public int? Serving { get; init; }

    public DateTimeOffset? ServingSince { get; init; }

    /// <summary>The rung whose pods are being brought up beside it.</summary>
    public int? Trying { get; init; }

    public DateTimeOffset? TryingSince { get; init; }

    /// <summary>When capacity of better rungs was last looked for.</summary>
    public DateTimeOffset? LastRetryAt { get; init; }

    /// <summary>Tries of a better rung in a row that came to nothing.</summary>
    public int FailedTries { get; init; }

    /// <summary>Pods are replaced without a surge.</summary>
    public bool InPlace { get; init; }
}

/// <summary>What the pods and the Deployment of one rung look like.</summary>
public sealed record RungObservation
{
    public static readonly RungObservation None = new();

    public int Ready { get; init; }

    /// <summary>Pods that have a node, are not ready and do not fail: they are on their way.</summary>
    public int Starting { get; init; }

    /// <summary>Pods of an older template are still there, or the Deployment's controller is behind.</summary>
    public bool IsRolling { get; init; }

    /// <summary>Since when a pod finds no node, or cannot be created.</summary>
    public DateTimeOffset? UnschedulableSince { get; init; }

    public string? Unschedulable { get; init; }

    /// <summary>Since when a pod starts, ends and starts again.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    public string? Failing { get; init; }

    public bool HasObstacle => UnschedulableSince is not null || FailingSince is not null;

    /// <summary>Why a pod has found no node for too long, or null.</summary>
    /// <param name="inputs">The time, and how long is too long.</param>
    /// <param name="from">When waiting began to count, if later: what was before a try is no fault of it.</param>
    public string? UnschedulableFor(LadderInputs inputs, DateTimeOffset? from = null) =>
        IsTooLong(UnschedulableSince, inputs, from) ? Unschedulable ?? "a pod finds no node" : null;

    /// <summary>Why a pod has not come up for too long, or null.</summary>
    public string? ObstacleAfter(LadderInputs inputs, DateTimeOffset? from = null) => UnschedulableFor(inputs, from)
        ?? (IsTooLong(FailingSince, inputs, from) ? Failing ?? "a pod fails" : null);

    /// <summary>The same where no pod runs and none is on its way: the rung serves nobody.</summary>
    public string? StandstillAfter(LadderInputs inputs, DateTimeOffset? from = null) =>
        Ready == 0 && Starting == 0 ? ObstacleAfter(inputs, from) : null;

    private static bool IsTooLong(DateTimeOffset? since, LadderInputs inputs, DateTimeOffset? from) =>
        since is { } began && inputs.Now - (from > began ? from.Value : began) >= inputs.UnschedulableAfter;
}

/// <summary>Everything that the ladder's decision rests on.</summary>
public sealed record LadderInputs
{
    public required LadderState State { get; init; }

    /// <summary>How many rungs there are.</summary>
    public required int Rungs { get; init; }

    /// <summary>Replicas that are wanted.</summary>
    public required int Wanted { get; init; }

    /// <summary>Replicas that a better rung must have room for before it is tried.</summary>
    public required int ClimbWanted { get; init; }

    public required TimeSpan UnschedulableAfter { get; init; }

    public required TimeSpan RetryAfter { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Rungs that exist in the cluster.</summary>
    public IReadOnlyDictionary<int, RungObservation> Observed { get; init; } = new Dictionary<int, RungObservation>();

    /// <summary>Rungs whose scores were found to differ, with the models that are wanted now.</summary>
    public IReadOnlySet<int> Refused { get; init; } = new HashSet<int>();

    /// <summary>Whether the scores of the rung that is tried agree; null: not compared yet.</summary>
    public bool? ParityOfTrying { get; init; }

    /// <summary>How many pods of a rung would find a node now; null when nobody looked.</summary>
    public IReadOnlyDictionary<int, int>? FreeSlots { get; init; }

    public RungObservation Of(int rung) => Observed.GetValueOrDefault(rung) ?? RungObservation.None;

    public int SlotsOf(int rung) => FreeSlots?.GetValueOrDefault(rung) ?? 0;
}

/// <summary>What is to be done.</summary>
public sealed record LadderDecision
{
    public required LadderState State { get; init; }

    /// <summary>Deployments that are to be there: rung to replicas.</summary>
    public required IReadOnlyDictionary<int, int> Replicas { get; init; }

    /// <summary>Deployments that stay as they are for a moment, then go.</summary>
    public required IReadOnlyList<int> Lingering { get; init; }

    public required IReadOnlyList<LadderStep> Steps { get; init; }

    public TimeSpan? LookAgain { get; init; }
}

/// <summary>Something that happened on the ladder: an event and a count.</summary>
public sealed record LadderStep(LadderStepKind Kind, int Rung, string Message);

/// <summary>What can happen on the ladder; the names are reasons of events.</summary>
public enum LadderStepKind
{
    /// <summary>The first rung that serves.</summary>
    Taken,

    /// <summary>The rung can no longer run pods; the next is brought up.</summary>
    Leaving,

    /// <summary>Requests go to a lower rung.</summary>
    Down,

    /// <summary>There is room on a better rung; it is brought up.</summary>
    Trying,

    /// <summary>Requests go to a better rung.</summary>
    Up,

    /// <summary>The rung that was about to be left runs again.</summary>
    Recovered,

    /// <summary>The rung that was tried has no room, or its pods fail.</summary>
    Unavailable,

    /// <summary>The scores of the rung that was tried differ from the golden vectors.</summary>
    Refused,

    /// <summary>New pods find no accelerator while the old ones hold them.</summary>
    ExactFit,
}
