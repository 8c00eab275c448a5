using WafOperator.Resources;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools;

/// <summary>What the conditions of a pool are computed from.</summary>
public sealed record PoolConditionInputs
{
    public required InferencePoolSpec Spec { get; init; }
    public required LadderState Ladder { get; init; }
    public required int Wanted { get; init; }

    /// <summary>Rungs that exist.</summary>
    public required IReadOnlyDictionary<int, RungObservation> Observed { get; init; }

    /// <summary>Comparisons with the golden vectors that are about the present rungs and packages.</summary>
    public required IReadOnlyList<RungParity> Parity { get; init; }
    public required IReadOnlyList<PoolModelReadiness> Models { get; init; }

    /// <summary>Why the pool cannot be made: reason and message, or null.</summary>
    public (string Reason, string Message)? Refusal { get; init; }
    public required long Generation { get; init; }
    public required DateTimeOffset Now { get; init; }
    public IReadOnlyList<Condition> Previous { get; init; } = [];

    public RungObservation Of(int? rung) =>
        rung is { } number && Observed.TryGetValue(number, out var seen) ? seen : RungObservation.None;

    /// <summary>The rung that serves, else the one that is tried.</summary>
    public int? Rung => Ladder.Serving ?? Ladder.Trying;
}

/// <summary>Conditions of an InferencePool (pure). Reasons are in crds/conditions.md.</summary>
public static class PoolConditions
{
    private const string NoRungLeft = "the scores of every rung differ from the golden vectors; sidecars decide alone";

    /// <summary>All of them, with transition times that only change with the status.</summary>
    public static IReadOnlyList<Condition> Compute(PoolConditionInputs inputs)
    {
        var accepted = Accepted(inputs);
        var (scheduled, parity, degraded) = (Scheduled(inputs), ParityChecked(inputs), Degraded(inputs));
        return
        [
            Of("Accepted", accepted), Of("Scheduled", scheduled), Of("ParityChecked", parity), Of("Degraded", degraded),
            Of("Stalled", Stalled(inputs)),
            Of("Ready", accepted.Item1 == ConditionStatus.True ? Ready(inputs) : accepted),
        ];

        Condition Of(string type, (ConditionStatus Status, string Reason, string Message) state)
        {
            var before = inputs.Previous.FirstOrDefault(c => c.Type == type);
            return new Condition
            {
                Type = type, Status = state.Status, Reason = state.Reason, Message = state.Message,
                ObservedGeneration = inputs.Generation,
                LastTransitionTime = before?.Status == state.Status
                    ? before.LastTransitionTime
                    : new DateTimeOffset(
                        inputs.Now.Ticks - (inputs.Now.Ticks % TimeSpan.TicksPerSecond), inputs.Now.Offset),
            };
        }
    }

    private static (ConditionStatus, string, string) Accepted(PoolConditionInputs inputs) =>
        inputs.Refusal is { } refusal
        ? (ConditionStatus.False, refusal.Reason, refusal.Message)
        : (ConditionStatus.True, "Accepted", "the pool can be made as it is written");

    private static (ConditionStatus, string, string) Scheduled(PoolConditionInputs inputs)
    {
        if (inputs.Wanted == 0) return (ConditionStatus.True, "ScaledToZero", "no replica is wanted");
        var seen = inputs.Of(inputs.Rung);
        if (seen.UnschedulableSince is null) return (ConditionStatus.True, "Scheduled", "every pod has a node");
        var message = $"{Words(inputs, inputs.Rung)}: {seen.Unschedulable}";
        return seen.Ready + seen.Starting > 0
            ? (ConditionStatus.False, "ShortOfCapacity", message)
            : (ConditionStatus.False, "Unschedulable", message);
    }

    private static (ConditionStatus, string, string) ParityChecked(PoolConditionInputs inputs)
    {
        var rung = inputs.Rung;
        var failed = inputs.Parity.FirstOrDefault(p => !p.Passed);
        if (inputs.Parity.FirstOrDefault(p => p.Rung == rung) is not { } found)
        {
            return failed is null
                ? (ConditionStatus.Unknown, "NotCompared", "no server of the rung has answered yet")
                : (ConditionStatus.False, "ScoresDiffer", $"{Words(inputs, failed.Rung)}: {failed.Message}");
        }

        if (!found.Passed) return (ConditionStatus.False, "ScoresDiffer", $"{Words(inputs, rung)}: {found.Message}");
        return found.Vectors == 0
            ? (ConditionStatus.Unknown, "NothingToCompare", found.Message ?? "the pool serves no promoted model yet")
            : (ConditionStatus.True, "ScoresAgree", $"{Words(inputs, rung)}: {found.Message}");
    }

    private static (ConditionStatus, string, string) Degraded(PoolConditionInputs inputs)
    {
        var refused = inputs.Parity.FirstOrDefault(p => !p.Passed);
        if (refused is not null && refused.Rung == inputs.Ladder.Serving)
            return (ConditionStatus.True, "ScoresDiffer", $"{Words(inputs, refused.Rung)}: {refused.Message}");
        if (refused is not null)
            return (ConditionStatus.True, "RungRefused",
                $"{Words(inputs, refused.Rung)} is not used: {refused.Message}");
        var seen = inputs.Of(inputs.Rung);
        if (inputs.Ladder.Serving is > 0 and var lower)
            return (ConditionStatus.True, "OnLowerRung",
                $"requests go to {Words(inputs, lower)}; {Words(inputs, 0)} is tried again");
        if (inputs.Ladder.InPlace)
            return (ConditionStatus.True, "ReplacingInPlace",
                "no accelerator is free for a further pod: replicas are replaced one by one");
        if (inputs.Wanted > 0 && seen is { Ready: > 0, UnschedulableSince: not null })
            return (ConditionStatus.True, "ShortOfCapacity",
                $"{seen.Ready} of {inputs.Wanted} replicas run: {seen.Unschedulable}");
        if (seen.FailingSince is not null)
            return (ConditionStatus.True, "PodsFailing", seen.Failing ?? "pods do not stay up");
        return inputs.Models.FirstOrDefault(m => m.Message is not null) is { } model
            ? (ConditionStatus.True, "ModelNotLoaded", $"{model.Model} {model.Version}: {model.Message}")
            : (ConditionStatus.False, "AsExpected", "nothing needs a look");
    }

    private static (ConditionStatus, string, string) Ready(PoolConditionInputs inputs)
    {
        if (inputs.Wanted == 0)
            return (ConditionStatus.True, "ScaledToZero", "no replica is wanted, and no policy needs one");
        var ready = inputs.Of(inputs.Ladder.Serving).Ready;
        if (ready > 0)
            return (ConditionStatus.True, "Ready",
                $"{ready} of {inputs.Wanted} replicas serve on {Words(inputs, inputs.Ladder.Serving)}");
        if (IsRefusedWhole(inputs)) return (ConditionStatus.False, "RungRefused", NoRungLeft);
        var seen = inputs.Of(inputs.Rung);
        var words = Words(inputs, inputs.Rung);
        if (seen.Starting > 0)
            return (ConditionStatus.False, "Starting", $"servers start on {words}; sidecars decide alone");
        if (seen.FailingSince is not null) return (ConditionStatus.False, "PodsFailing", $"{words}: {seen.Failing}");
        return seen.UnschedulableSince is null
            ? (ConditionStatus.False, "Starting", $"servers start on {words}; sidecars decide alone")
            : (ConditionStatus.False, "Unschedulable", $"{words}: {seen.Unschedulable}");
    }

    /// <summary>
    /// kstatus: nothing goes on until somebody changes something, so tools that wait end. What only waits for capacity,
    /// images or servers is under way.
    /// </summary>
    private static (ConditionStatus, string, string) Stalled(PoolConditionInputs inputs) => inputs.Refusal switch
    {
        { } refusal => (ConditionStatus.True, refusal.Reason, refusal.Message),
        null when inputs.Wanted > 0 && inputs.Of(inputs.Ladder.Serving).Ready == 0 && IsRefusedWhole(inputs) =>
            (ConditionStatus.True, "RungRefused", NoRungLeft),
        _ => (ConditionStatus.False, "AsExpected", "nothing in the spec keeps the pool from serving"),
    };

    private static bool IsRefusedWhole(PoolConditionInputs inputs) =>
        inputs.Spec.Ladder.Count == inputs.Parity.Count(p => !p.Passed);

    private static string Words(PoolConditionInputs inputs, int? rung) =>
        rung is { } index && index < inputs.Spec.Ladder.Count ? WordsOf(index, inputs.Spec.Ladder[index]) : "no rung";

    /// <summary>A rung in words, as the status and events have it.</summary>
    public static string WordsOf(int index, AcceleratorRung rung) =>
        rung.Resource.Length == 0
            ? $"rung {index} (CPU, {rung.Precision})"
            : $"rung {index} ({rung.Count} {rung.Resource}, {rung.Provider}, {rung.Precision})";
}
