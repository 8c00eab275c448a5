using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Risk of a request.</summary>
public enum RiskLevel { None, Medium, High, Critical }

/// <summary>From a score to a risk level and its action (pure).</summary>
public static class RiskLevels
{
    /// <summary>The level of a score.</summary>
    public static RiskLevel Of(double score, MlPolicy policy)
    {
        if (score >= policy.CriticalThreshold) return RiskLevel.Critical;
        if (score >= policy.HighThreshold) return RiskLevel.High;
        return score >= policy.MediumThreshold ? RiskLevel.Medium : RiskLevel.None;
    }

    /// <summary>
    /// What the policy does at a level: never less than at a lower one, so that a higher score is never treated better.
    /// </summary>
    public static RiskActionKind ActionOf(RiskLevel level, MlPolicy policy) => level switch
    {
        RiskLevel.Critical => Strictest(policy.CriticalAction, Strictest(policy.HighAction, policy.MediumAction)),
        RiskLevel.High => Strictest(policy.HighAction, policy.MediumAction),
        RiskLevel.Medium => policy.MediumAction,
        _ => RiskActionKind.Allow,
    };

    /// <summary>The score from which on the policy blocks; above 1 when it never does.</summary>
    public static double BlockingThreshold(MlPolicy policy) =>
        policy.MediumAction is RiskActionKind.Block ? policy.MediumThreshold
        : policy.HighAction is RiskActionKind.Block ? policy.HighThreshold
        : policy.CriticalAction is RiskActionKind.Block ? policy.CriticalThreshold
        : double.PositiveInfinity;

    /// <summary>The stricter of two.</summary>
    public static RiskActionKind Strictest(RiskActionKind one, RiskActionKind other) =>
        (RiskActionKind)Math.Max((int)one, (int)other);
}
