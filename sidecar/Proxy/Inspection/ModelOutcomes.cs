using WafOperator.Proxy.Decisions;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Proxy.Inspection;

/// <summary>What scoring found, as the decision takes it (pure).</summary>
internal static class ModelOutcomes
{
    public static ModelOutcome Of(in ScoringResult result) => result.Outcome switch
    {
        ScoringOutcome.Skipped => default,
        ScoringOutcome.Scored => new ModelOutcome(ModelOutcomeKind.Scored, result.Action, RiskOf(result), MessageOf(result)),
        ScoringOutcome.PoolUnavailable => new ModelOutcome(
            ModelOutcomeKind.PoolUnavailable, result.Action, RiskOf(result), MessageOf(result) ?? "the inference pool did not answer"),
        ScoringOutcome.TimedOut => new ModelOutcome(
            ModelOutcomeKind.Unavailable, result.Action, RiskOf(result), MessageOf(result) ?? "models ran out of time"),
        _ => new ModelOutcome(
            ModelOutcomeKind.Unavailable, result.Action, RiskOf(result), MessageOf(result) ?? "a model is not available"),
    };

    /// <summary>Counter of a scoring that is not whole, or null.</summary>
    public static string? IncidentOf(ScoringOutcome outcome) => outcome switch
    {
        ScoringOutcome.Scored or ScoringOutcome.Skipped => null,
        ScoringOutcome.TimedOut => "models_timed_out",
        ScoringOutcome.PoolUnavailable => "pool_unavailable",
        _ => "models_unavailable",
    };

    public static string? RiskOf(in ScoringResult result) =>
        result.Risk is RiskLevel.None ? null : result.Risk.ToString().ToLowerInvariant();

    private static string? MessageOf(in ScoringResult result) => result.Risk is RiskLevel.None
        ? null
        : string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"models score {result.Score:0.000} ({result.Risk.ToString().ToLowerInvariant()} risk)"
            + $"{(result.Family is { } family ? $", {family}" : "")} in {result.Part ?? "the request"}"
            + $"{(result.RuleEvidence > 0 ? $"; rules add {result.RuleEvidence:0.0} to the log-odds" : "")}");
}
