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

    /// <summary>What the policy does at a level.</summary>
    public static RiskActionKind ActionOf(RiskLevel level, MlPolicy policy) => level switch
    {
        RiskLevel.Critical => policy.CriticalAction,
        RiskLevel.High => policy.HighAction,
        RiskLevel.Medium => policy.MediumAction,
        _ => RiskActionKind.Allow,
    };
}
