using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Score of a request under a set of models (pure).</summary>
internal static class SetScore
{
    /// <param name="set">The models.</param>
    /// <param name="index">Which of the context's cascade scores is the set's.</param>
    /// <param name="context">Bests over the request's parts.</param>
    /// <param name="policy">Thresholds.</param>
    /// <param name="bests">Bests by model besides the context's, where higher; null for none.</param>
    public static double Of(
        ModelSet set, int index, ScoringContext context, MlPolicy policy, double[]? bests = null) => set.Ensemble switch
    {
        EnsembleKind.Weighted => Weighted(set, context, bests),
        EnsembleKind.Any => Any(set, context, policy, bests),
        // With the rules' evidence already, part by part.
        _ => context.BestBySet[index],
    };

    private static double Best(Member member, ScoringContext context, double[]? bests) =>
        Math.Max(context.BestByModel[member.Slot], bests?[member.Slot] ?? 0);

    private static double Weighted(ModelSet set, ScoringContext context, double[]? bests)
    {
        var (sum, weights) = (0.0, set.WeightSum);
        foreach (var member in set.Members)
        {
            // Who did not answer has no say; counting it as 0 would let attacks through while a pool is away.
            if (context.MissedByModel[member.Slot] || IsUnread(member, context)) weights -= member.Weight;
            else sum += member.Weight * Best(member, context, bests);
        }

        var average = weights > 0 ? sum / weights : 0;
        foreach (var member in set.Whole)
        {
            var best = Best(member, context, bests);
            if (!IsUnread(member, context) || context.MissedByModel[member.Slot] || best <= average) continue;
            (sum, weights) = (sum + (member.Weight * best), weights + member.Weight);
            average = weights > 0 ? sum / weights : 0;
        }

        return average;
    }

    /// <summary>
    /// It did not read the request to its end. Filler must not make a vote for harmlessness of that: it only raises.
    /// </summary>
    private static bool IsUnread(Member member, ScoringContext context) =>
        member.Model.ReadsRequests && context.WholeBySlot[member.Slot] is not { IsWhole: true };

    /// <summary>One model over its own threshold is critical; one under it contributes less than high risk.</summary>
    private static double Any(ModelSet set, ScoringContext context, MlPolicy policy, double[]? bests)
    {
        var best = 0.0;
        foreach (var member in set.Members)
        {
            var p = Best(member, context, bests);
            best = Math.Max(best, p >= member.Threshold
                ? Math.Max(p, policy.CriticalThreshold)
                : Math.Min(p, Math.BitDecrement(policy.HighThreshold)));
        }

        return best;
    }
}
