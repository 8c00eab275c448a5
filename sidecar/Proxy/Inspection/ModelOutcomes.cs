using WafOperator.Proxy.Decisions;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Proxy.Inspection;

/// <summary>What scoring found, as the decision takes it (pure).</summary>
internal static class ModelOutcomes
{
    public static ModelOutcome Of(in ScoringResult result)
    {
        if (result.Outcome is ScoringOutcome.Skipped) return default;
        var message = MessageOf(result);
        return new ModelOutcome(KindOf(result), result.Action, RiskOf(result), message ?? WhyNotWhole(result.Outcome))
        {
            Gaps = result.Gaps, HasUnjudgedHits = result.HasUnjudgedHits,
        };
    }

    private static ModelOutcomeKind KindOf(in ScoringResult result) => result.Outcome switch
    {
        ScoringOutcome.Scored => ModelOutcomeKind.Scored,
        // The rest of a value that is too long to be read whole is a gap and no failure of the models.
        ScoringOutcome.Partial when result.Gaps is ModelGaps.Window => ModelOutcomeKind.Scored,
        ScoringOutcome.PoolUnavailable => ModelOutcomeKind.PoolUnavailable,
        _ => ModelOutcomeKind.Unavailable,
    };

    private static string? WhyNotWhole(ScoringOutcome outcome) => outcome switch
    {
        ScoringOutcome.Scored => null,
        ScoringOutcome.Partial => "models saw a part of the request only",
        ScoringOutcome.PoolUnavailable => "the inference pool did not answer",
        ScoringOutcome.TimedOut => "the request is more work for models than the budget allows",
        _ => "a model is not available",
    };

    /// <summary>Counter of a scoring that is not whole, or null.</summary>
    public static string? IncidentOf(ScoringOutcome outcome) => outcome switch
    {
        ScoringOutcome.Scored or ScoringOutcome.Skipped => null,
        ScoringOutcome.Partial => "models_partial",
        ScoringOutcome.TimedOut => "models_timed_out",
        ScoringOutcome.PoolUnavailable => "pool_unavailable",
        _ => "models_unavailable",
    };

    public static string? RiskOf(in ScoringResult result) =>
        result.Risk is RiskLevel.None ? null : result.Risk.ToString().ToLowerInvariant();

    private static string? MessageOf(in ScoringResult result) => result.Risk is RiskLevel.None && !result.IsUncertain
        ? null
        : string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"models score {result.Score:0.000} ({RiskOf(result) ?? "no"} risk)"
            + $"{(result.Family is { } family ? $", {family}" : "")} in {result.Part ?? "the request"}"
            + $"{(result.RuleEvidence > 0 ? $"; rules add {result.RuleEvidence:0.0} to the log-odds" : "")}"
            + $"{(result.IsUncertain ? $"; uncertain, {result.Uncertainty:0.0} wide" : "")}");
}
