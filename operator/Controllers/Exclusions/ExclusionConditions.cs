using WafOperator.Resources;
using Condition = WafOperator.Resources.Condition;

namespace WafOperator.Controllers.Exclusions;

/// <summary>Whether an exclusion is in force, as its policy's compilation and its own spec say.</summary>
/// <param name="IsAccepted">It is in force.</param>
/// <param name="Reason">Reason of the condition.</param>
/// <param name="Message">For people.</param>
internal sealed record ExclusionVerdict(bool IsAccepted, string Reason, string Message)
{
    public const string Expired = "Expired";
    public const string PolicyNotFound = "PolicyNotFound";
}

/// <summary>
/// The conditions of a WafExclusion: <c>Accepted</c> (in force), <c>Stalled</c> (its spec has to change), <c>Ready</c>
/// (for tools that wait: nothing is left to do). One that expired did what it says and is done; one whose policy is not
/// there waits. Pure.
/// </summary>
internal static class ExclusionConditions
{
    /// <summary>All of them, with transition times that only change with the status.</summary>
    public static IReadOnlyList<Condition> Compute(
        ExclusionVerdict verdict, long generation, DateTimeOffset now, IReadOnlyList<Condition> previous)
    {
        var isDone = verdict.IsAccepted || verdict.Reason == ExclusionVerdict.Expired;
        return
        [
            Of("Accepted", verdict.IsAccepted),
            Of("Stalled", !isDone && verdict.Reason != ExclusionVerdict.PolicyNotFound),
            Of("Ready", isDone),
        ];

        Condition Of(string type, bool isTrue)
        {
            var status = isTrue ? ConditionStatus.True : ConditionStatus.False;
            var before = previous.FirstOrDefault(c => c.Type == type);
            return new Condition
            {
                Type = type, Status = status, Reason = verdict.Reason, Message = verdict.Message,
                ObservedGeneration = generation,
                LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
            };
        }
    }
}
