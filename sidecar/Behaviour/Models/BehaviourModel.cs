using WafOperator.Behaviour.Features;

namespace WafOperator.Behaviour.Models;

/// <summary>A model of what a client does: features in, a number out. Immutable, thread-safe.</summary>
public abstract class BehaviourModel(FeaturePlan plan)
{
    /// <summary>Features that a model may take.</summary>
    public const int FeaturesMax = 256;

    /// <summary>The features that the model takes.</summary>
    public FeaturePlan Plan { get; } = plan;

    /// <summary>The model's own score; what it means is up to its calibration.</summary>
    public abstract double Score(ReadOnlySpan<float> features);
}

/// <summary>Platt calibration of a score: 1 / (1 + exp(-(slope * score + intercept))).</summary>
public readonly record struct ScoreCalibration(double Slope, double Intercept)
{
    public double ProbabilityOf(double score) => 1 / (1 + Math.Exp(-(Slope * score + Intercept)));
}
