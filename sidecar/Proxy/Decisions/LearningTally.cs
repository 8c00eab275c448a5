using WafOperator.Protocols.Events;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Proxy.Decisions;

/// <summary>
/// Counts for the question whether it is safe to enforce: requests that were scored, and those of them that Enforce would
/// block for what they hold, by rules as well as by models. Not counted are attacks that both found, each by itself:
/// scanners' noise says nothing about false positives. What the policy itself refuses (access lists, rate limits) and what
/// is not available is no finding about a request.
/// </summary>
internal static class LearningTally
{
    /// <summary>Counts one decision; nothing where nobody learns.</summary>
    public static void Count(ScoringProgram? program, in ScoringResult scored, in Decision decision)
    {
        if (program?.Learner is not { } learner || scored.Outcome is ScoringOutcome.Skipped || scored.IsFoundByBoth)
            return;
        learner.Count(WouldBlock(decision));
    }

    internal static bool WouldBlock(in Decision decision) => decision is
    {
        WouldHave: VerdictKind.Block,
        Reason: DecisionReason.Rules or DecisionReason.Model or DecisionReason.Limit or DecisionReason.Uninspected
            or DecisionReason.Protocol,
    };
}
