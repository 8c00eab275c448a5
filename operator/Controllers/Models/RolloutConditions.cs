using WafOperator.Resources;
using WafOperator.Resources.Models;
using Condition = WafOperator.Resources.Condition;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Conditions of a ModelVersion, for <c>kubectl wait --for=condition=Promoted</c> (pure). Reasons are in
/// crds/conditions.md.
/// </summary>
public static class RolloutConditions
{
    private const string Restored = "Restored";

    /// <summary>No sidecar gives a version that was rolled back any part in its decisions.</summary>
    public static bool IsRestored(ModelVersionStatus? status) => status?.Conditions.Any(IsTrueRestored) ?? false;

    private static bool IsTrueRestored(Condition condition) =>
        condition is { Type: Restored, Status: ConditionStatus.True };

    /// <summary>All of them, with transition times that only change with the status.</summary>
    public static IReadOnlyList<Condition> Compute(
        ModelVersionStatus status, IReadOnlyList<Condition> previous, bool isRestored, long generation,
            DateTimeOffset now)
    {
        var phase = status.Phase;
        var isVerified = phase is not (ModelPhase.Pending or ModelPhase.Verifying);
        var isEvaluated = isVerified && phase is not ModelPhase.Evaluating;
        var isFailed = phase is ModelPhase.Failed;
        List<Condition> all =
        [
            Of("Verified", isFailed && !status.History.Any(h => h.Phase is ModelPhase.Evaluating) ? false : isVerified
                && !isFailed),
            Of("Evaluated", isEvaluated && !isFailed),
            Of("Progressing", phase is ModelPhase.Verifying or ModelPhase.Evaluating or ModelPhase.Shadow
                or ModelPhase.Canary),
            Of("Promoted", phase is ModelPhase.Promoted),
            Of("RolledBack", phase is ModelPhase.RolledBack),
            // kstatus: a rollout that ended short of promotion is over and not under way.
            Of("Stalled", phase is ModelPhase.RolledBack or ModelPhase.Superseded or ModelPhase.Failed),
            Of("Ready", phase is ModelPhase.Promoted),
        ];
        // Sidecars were asked after the decision, so this is known a moment later.
        if (phase is ModelPhase.RolledBack) all.Add(Of(Restored, isRestored || previous.Any(IsTrueRestored)));
        return all;

        Condition Of(string type, bool isTrue)
        {
            var state = isTrue ? ConditionStatus.True : ConditionStatus.False;
            var before = previous.FirstOrDefault(c => c.Type == type);
            return new Condition
            {
                Type = type, Status = state, Reason = phase.ToString(), Message = status.Message ?? "",
                ObservedGeneration = generation,
                LastTransitionTime = before?.Status == state
                    ? before.LastTransitionTime
                    : new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset),
            };
        }
    }
}
