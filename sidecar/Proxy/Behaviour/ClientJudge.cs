using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.History;
using WafOperator.Behaviour.Models;

namespace WafOperator.Proxy.Behaviour;

/// <summary>
/// Judges a client with its newest request: by models, and by how many of its requests were refused lately. Pure but
/// for its scratch.
/// </summary>
internal readonly struct ClientJudge(JudgingModel[] models, FeatureContext context, SiteLoad site) : IClientJudge
{
    /// <summary>Requests from which on models are asked: fewer say too little, and none was trained on fewer.</summary>
    public const int RequestsMin = 5;

    /// <summary>Number of the judge that is no model.</summary>
    public const byte Violations = 255;

    /// <summary>Refused requests, fading over five minutes, that make the risk 1 - 1/e.</summary>
    private const double ViolationsScale = 4;

    public byte Judge(ref ClientRecord record, long now)
    {
        var risk = ViolationRisk(record.FiveMinutes[WindowCount.Refused]);
        var by = Violations;
        if (models.Length > 0 && record.Count >= RequestsMin)
        {
            context.Take(record, site);
            Span<float> features = stackalloc float[BehaviourModel.FeaturesMax];
            for (var i = 0; i < models.Length; i++)
            {
                var model = models[i];
                var values = features[..model.Model.Plan.Count];
                model.Model.Plan.Compute(context, values);
                var probability = model.Calibration.ProbabilityOf(model.Model.Score(values));
                if (!(probability > risk)) continue;
                (risk, by) = (probability, (byte)i);
            }
        }

        record.Risk = (byte)(risk * 255);
        record.RiskModel = by;
        record.RiskSecond = (uint)(now / 1000);
        return record.Risk;
    }

    /// <summary>One refused request is chance; many are none.</summary>
    internal static double ViolationRisk(double refused) =>
        refused <= 1.5 ? 0 : 1 - Math.Exp(-refused / ViolationsScale);
}
