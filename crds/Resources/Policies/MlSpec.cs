using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>Models, how their scores are joined, and what each risk level leads to.</summary>
public sealed record MlSpec
{
    [Description("Engine's own ceiling; never more than spec.mode, which is the default. Where it is lower, the rules "
        + "decide alone and models record.")]
    public PolicyMode? Mode { get; init; }

    [Description("Model families (ModelVersion.spec.model) that score requests. The promoted version of each is used."),
        Items(8, MapKeys = ["model"])]
    public IReadOnlyList<ModelReference> Models { get; init; } = [];

    [Description("Cascade: cheap first, the next only when unsure. Weighted: weighted mean. Any: one over its "
        + "threshold is enough."), Default("\"Cascade\"")]
    public EnsembleMode Ensemble { get; init; } = EnsembleMode.Cascade;

    [Description("Scores at which a risk level begins.")]
    public RiskThresholdsSpec? Thresholds { get; init; }

    [Description("What each risk level leads to; a higher level is never treated better than a lower one. Left out "
        + "with decision Joint: every level blocks.")]
    public RiskActionsSpec? Actions { get; init; }

    [Description("Work that models may do for one request, all together, as the time it takes an idle core. Beyond it "
        + "the rules decide."), Length(32),
        Pattern(Patterns.Duration, Meaning = "a duration such as 5ms"), Default("\"5ms\"")]
    public string LatencyBudget { get; init; } = "5ms";

    [Description("Name of an InferencePool for the large models, in the same namespace. Models are asked there and "
        + "nowhere else: one whose "
        + "ModelVersion names another pool (spec.serving.pool) does not score, which the condition Degraded says."),
            Length(253),
        Pattern(Patterns.DnsName)]
    public string? Pool { get; init; }

    [Description("Learning of thresholds from the site's own traffic.")]
    public LearningSpec? Learning { get; init; }
}

/// <summary>One model family in an ensemble.</summary>
public sealed record ModelReference
{
    [Description("Model family."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsLabel)]
    public string Model { get; init; } = "";

    [Description("Weight in the ensemble mode Weighted, as a decimal string."), Length(16), Pattern(Patterns.Decimal),
        Default("\"1\"")]
    public string Weight { get; init; } = "1";

    [Description("Threshold in the ensemble mode Any, as a decimal string; default: the model package's own."),
        Length(16), Pattern(Patterns.Fraction)]
    public string? Threshold { get; init; }
}

/// <summary>How scores are joined.</summary>
public enum EnsembleMode { Cascade, Weighted, Any }

/// <summary>Risk levels' lower bounds.</summary>
[Cel("threshold-order", "double(self.medium) <= double(self.high) && double(self.high) <= double(self.critical)",
    "thresholds must not fall: medium <= high <= critical")]
public sealed record RiskThresholdsSpec
{
    [Description("Lower bound of medium risk."), Length(16), Pattern(Patterns.Fraction), Default("\"0.5\"")]
    public string Medium { get; init; } = "0.5";

    [Description("Lower bound of high risk."), Length(16), Pattern(Patterns.Fraction), Default("\"0.7\"")]
    public string High { get; init; } = "0.7";

    [Description("Lower bound of critical risk."), Length(16), Pattern(Patterns.Fraction), Default("\"0.9\"")]
    public string Critical { get; init; } = "0.9";
}

/// <summary>What is done at a risk level.</summary>
public enum RiskAction { Allow, Log, Block }

/// <summary>Actions per risk level.</summary>
public sealed record RiskActionsSpec
{
    [Description("Action at medium risk. Allow is silent, Log writes an event. Actions may not fall with rising risk."),
        Default("\"Log\"")]
    public RiskAction Medium { get; init; } = RiskAction.Log;

    [Description("Action at high risk."), Default("\"Log\"")]
    public RiskAction High { get; init; } = RiskAction.Log;

    [Description("Action at critical risk."), Default("\"Block\"")]
    public RiskAction Critical { get; init; } = RiskAction.Block;

    [Description("What is done at least with a request of which a model that reads whole requests is uncertain, "
        + "whatever its risk."), Default("\"Log\"")]
    public RiskAction Uncertain { get; init; } = RiskAction.Log;
}

/// <summary>Learning of thresholds.</summary>
public sealed record LearningSpec
{
    [Description("Off: package thresholds. Propose: learn and show. Apply: learn from all traffic seen and use. "
        + "Adaptive: one small step each ten minutes, by what was flagged in them, between limits."),
        Default("\"Propose\"")]
    public LearningMode Mode { get; init; } = LearningMode.Propose;

    [Description("Share of benign requests that may be flagged, as a decimal string."), Length(16),
        Pattern(Patterns.Fraction), Default("\"0.001\"")]
    public string TargetFalsePositiveRate { get; init; } = "0.001";

    [Description("Requests that must have been seen before a learned threshold is used."), Bounds(100, 100000000),
        Default("10000")]
    public int MinimumRequests { get; init; } = 10000;

    [Description("No learned threshold rises above this score, whatever traffic does."), Length(16),
        Pattern(Patterns.Fraction), Default("\"0.98\"")]
    public string Ceiling { get; init; } = "0.98";
}

/// <summary>How learned thresholds are used.</summary>
public enum LearningMode { Off, Propose, Apply, Adaptive }
