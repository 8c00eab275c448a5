using System.Diagnostics;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Rollouts;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Which arms a request falls to, and what is counted about them.</summary>
internal static class RolloutArms
{
    /// <summary>Bit i: the candidate of rollout i decides.</summary>
    public static uint Of(ScoringProgram program, ReadOnlySpan<byte> client)
    {
        var arms = 0u;
        var rollouts = program.Rollouts;
        for (var i = 0; i < rollouts.Length; i++)
        {
            if (ArmSelector.IsCandidate(rollouts[i].Salt, client, rollouts[i].WeightPercent)) arms |= 1u << i;
        }

        return arms;
    }

    /// <summary>True when both versions score this request.</summary>
    public static bool IsSampled(RolloutArm[] rollouts, ulong sample)
    {
        foreach (var rollout in rollouts)
        {
            if (sample % 100 < (ulong)rollout.PairedPercent) return true;
        }

        return false;
    }

    /// <summary>Counts decisions, pairs, failures and times of each rollout.</summary>
    public static void Count(
        ScoringProgram program, ScoringContext context, uint arms, bool isPaired, bool isAttack, RiskActionKind action)
    {
        for (var i = 0; i < program.Rollouts.Length && i + 1 < ScoringContext.SetsMax; i++)
        {
            var rollout = program.Rollouts[i];
            var byCandidate = (arms >> i & 1) != 0;
            rollout.Tally.Decided(byCandidate, action is RiskActionKind.Block);
            if (!isPaired) continue;
            Observe(rollout, rollout.Baseline, context, isCandidate: false);
            Observe(rollout, rollout.Candidate, context, isCandidate: true);
            var decided = IsFlagged(SetScore.Of(program.SetFor(arms), 0, context, program.Policy), program.Policy);
            var other = IsFlagged(SetScore.Of(program.SetFor(arms ^ (1u << i)), i + 1, context, program.Policy), program.Policy);
            rollout.Tally.Paired(byCandidate ? other : decided, byCandidate ? decided : other, isAttack);
        }
    }

    private static void Observe(RolloutArm rollout, Member member, ScoringContext context, bool isCandidate)
    {
        if (context.FailedByModel[member.Slot] || context.MissedByModel[member.Slot]) rollout.Tally.Failed(isCandidate);
        if (context.TicksByModel[member.Slot] is var ticks and > 0)
            rollout.Tally.Took(isCandidate, Stopwatch.GetElapsedTime(0, ticks));
    }

    /// <summary>What Enforce would do: the lowest level that blocks, or critical when none does.</summary>
    private static bool IsFlagged(double score, MlPolicy policy)
    {
        var threshold = policy.MediumAction is RiskActionKind.Block ? policy.MediumThreshold
            : policy.HighAction is RiskActionKind.Block ? policy.HighThreshold
            : policy.CriticalThreshold;
        return score >= threshold;
    }
}
