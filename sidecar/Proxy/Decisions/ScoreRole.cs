using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Decisions;

/// <summary>Why an anomaly score over its threshold refuses a request.</summary>
internal enum ScoreReason
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The policy lets the score decide.</summary>
    Total,

    /// <summary>Rules that models know nothing of reached the threshold by themselves.</summary>
    Standing,

    /// <summary>Models did not see everything: the rules decide as they would without them.</summary>
    ModelsIncomplete,
}

/// <summary>
/// Which say the anomaly score of rules has beside models (pure). Nobody can bring about that neither has one: whatever
/// keeps models from looking gives the score its say back.
/// </summary>
internal static class ScoreRole
{
    public static ScoreReason Of(in DecisionInputs inputs)
    {
        var score = inputs.Rules.Score;
        if (!score.IsOver) return ScoreReason.None;
        if (inputs.Decision is DecisionKind.Either || !DoModelsDecide(inputs)) return ScoreReason.Total;
        if (inputs.Decision is DecisionKind.Joint && score.IsStandingOver) return ScoreReason.Standing;
        return inputs.Models.SawEverything ? ScoreReason.None : ScoreReason.ModelsIncomplete;
    }

    /// <summary>Models that may only observe where rules enforce do not take the decision from them.</summary>
    public static bool DoModelsDecide(in DecisionInputs inputs) =>
        inputs.Decision is not DecisionKind.Rules && inputs.ModelMode >= inputs.RouteMode;

    /// <summary>The sentence for people.</summary>
    public static string MessageOf(ScoreReason reason, in DecisionInputs inputs) => reason switch
    {
        ScoreReason.Standing => $"{inputs.Rules.Score.Refusal.Message} (by rules that models do not judge)",
        ScoreReason.ModelsIncomplete =>
            $"{inputs.Rules.Score.Refusal.Message} (models did not see everything: {WhyNot(inputs.Models)})",
        _ => inputs.Rules.Score.Refusal.Message ?? "the anomaly score reached its threshold",
    };

    private static string WhyNot(in ModelOutcome models) =>
        models.Kind is ModelOutcomeKind.NotRun ? "they did not run"
        : models.Gaps is Scoring.ModelGaps.None ? "a part is excluded"
        : models.Gaps.ToString();
}
