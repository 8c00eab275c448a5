using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Which exclusions changed what the policy does with a request (pure).</summary>
internal static class ExclusionEffect
{
    /// <summary>Names of those without which it would do something else; null for none.</summary>
    public static IReadOnlyList<string>? ChangedBy(
        ModelSet set, ScoringContext context, MlPolicy policy, RiskActionKind action)
    {
        List<string>? names = null;
        foreach (var (name, best) in context.Excluded.Applied)
        {
            var score = ScoreWithout(set, context, policy, best);
            if (RiskLevels.ActionOf(RiskLevels.Of(score, policy), policy) != action) (names ??= []).Add(name);
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
