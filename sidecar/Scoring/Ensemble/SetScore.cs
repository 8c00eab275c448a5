using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Score of a request under a set of models (pure).</summary>
internal static class SetScore
{
    /// <param name="set">The models.</param>
    /// <param name="index">Which of the context's cascade scores is the set's.</param>
    /// <param name="context">Bests over the request's parts.</param>
    /// <param name="policy">Thresholds.</param>
    public static double Of(ModelSet set, int index, ScoringContext context, MlPolicy policy) => set.Ensemble switch
    {
        EnsembleKind.Weighted => Weighted(set, context),
        EnsembleKind.Any => Any(set, context, policy),
        _ => context.BestBySet[index],
    };

    private static double Weighted(ModelSet set, ScoringContext context)
    {
        var sum = 0.0;
        foreach (var member in set.Members) sum += member.Weight * context.BestByModel[member.Slot];
        return set.WeightSum > 0 ? sum / set.WeightSum : 0;
    }

    /// <summary>One model over its own threshold is critical; one under it contributes less than high risk.</summary>
    private static double Any(ModelSet set, ScoringContext context, MlPolicy policy)
    {
        var best = 0.0;
        foreach (var member in set.Members)
        {
            var p = context.BestByModel[member.Slot];
            best = Math.Max(best, p >= member.Threshold
                ? Math.Max(p, policy.CriticalThreshold)
                : Math.Min(p, Math.BitDecrement(policy.HighThreshold)));
        }

        return best;
    }
}
