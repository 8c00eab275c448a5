using WafOperator.Behaviour.Models;

namespace WafOperator.Proxy.Behaviour;

/// <summary>A model in a policy, with what its score means.</summary>
/// <param name="Family">Model family.</param>
/// <param name="Model">The model.</param>
/// <param name="Calibration">From its score to a probability.</param>
internal sealed record JudgingModel(string Family, BehaviourModel Model, ScoreCalibration Calibration);
