using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Which exclusions changed what the policy does with a request (pure).</summary>
internal static class ExclusionEffect
{
    /// <summary>Names of those without which it would do something else; null for none.</summary>
    /// <param name="set">The models that decide.</param>
    /// <param name="context">What was found.</param>
    /// <param name="policy">What scores lead to.</param>
    /// <param name="action">What is done with the request.</param>
    /// <param name="ofCode">Fields that carry code are asked for, or the others.</param>
    public static IReadOnlyList<string>? ChangedBy(
        ModelSet set, ScoringContext context, MlPolicy policy, RiskActionKind action, bool ofCode)
    {
        List<string>? names = null;
        foreach (var (exclusion, best) in context.Excluded.Applied)
        {
            if (exclusion.IsOfCode != ofCode) continue;
            var score = ScoreWithout(set, context, policy, best);
            if (RiskLevels.ActionOf(RiskLevels.Of(score, policy), policy) != action) (names ??= []).Add(exclusion.Name);
        }

        return names;
    }

    private static double ScoreWithout(ModelSet set, ScoringContext context, MlPolicy policy, double best)
    {
        if (set.Ensemble is not EnsembleKind.Cascade)
            return SetScore.Of(set, 0, context, policy, context.Excluded.BestByModel);
        var kept = context.BestBySet[0];
        context.BestBySet[0] = Math.Max(kept, best);
        var score = SetScore.Of(set, 0, context, policy);
        context.BestBySet[0] = kept;
        return score;
    }
}
