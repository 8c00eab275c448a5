using System.Collections.Frozen;
using System.Globalization;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// Rules below their blocking threshold, and rules that are set not to block by themselves, as evidence beside the
/// models' score. Immutable.
/// </summary>
internal sealed class RuleEvidence
{
    private readonly double _slope;
    private readonly double _intercept;
    private readonly FrozenDictionary<long, double> _weights;

    private readonly double _serialized;
    private readonly double _operatorName;

    private RuleEvidence(JointCalibration joint, FrozenDictionary<long, double> weights)
    {
        (_slope, _intercept, _weights) = (joint.Slope, joint.Intercept, weights);
        _serialized = WeightOf(joint, "serialized");
        _operatorName = WeightOf(joint, "operatorName");
    }

    /// <summary>
    /// Null without a calibration, or with one that is none (no finite numbers, a slope that turns scores over).
    /// </summary>
    public static RuleEvidence? Of(JointCalibration? joint)
    {
        if (joint is null || !double.IsFinite(joint.Intercept) || joint.Slope is not (> 0 and < 1_000)) return null;
        var weights = new Dictionary<long, double>();
        foreach (var (id, weight) in joint.Rules)
        {
            var isRule = long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var rule);
            if (isRule && weight is > 0 and < 100) weights[rule] = weight;
        }

        return new RuleEvidence(joint, weights.ToFrozenDictionary());
    }

    /// <summary>Log-odds that these rules add; each rule counts once.</summary>
    public double Sum(IReadOnlyList<long> rules)
    {
        var sum = 0.0;
        for (var i = 0; i < rules.Count; i++)
        {
            if (_weights.TryGetValue(rules[i], out var weight) && !IsAmong(rules, rules[i], i)) sum += weight;
        }

        return sum;
    }

    /// <summary>Log-odds that rules and signals add.</summary>
    public double Sum(IReadOnlyList<long> rules, AttackSignals signals) => Sum(rules)
        + ((signals & AttackSignals.Serialized) != 0 ? _serialized : 0)
        + ((signals & AttackSignals.OperatorName) != 0 ? _operatorName : 0);

    /// <summary>The models' probability with the rules' evidence.</summary>
    public double Join(double probability, double sum)
    {
        var logOdds = Math.Clamp(
            Math.Log(probability / (1 - probability)), -JointCalibration.LogOddsMax, JointCalibration.LogOddsMax);
        return ValueModel.Sigmoid((_slope * logOdds) + _intercept + sum);
    }

    private static double WeightOf(JointCalibration joint, string signal) =>
        joint.Signals.TryGetValue(signal, out var weight) && weight is > 0 and < 100 ? weight : 0;

    private static bool IsAmong(IReadOnlyList<long> rules, long rule, int before)
    {
        for (var i = 0; i < before; i++)
        {
            if (rules[i] == rule) return true;
        }

        return false;
    }
}
