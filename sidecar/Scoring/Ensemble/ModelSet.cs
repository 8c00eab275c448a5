using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Ensemble;

/// <summary>One model in an ensemble.</summary>
/// <param name="Slot">Index of the model among all models of the program, for logits computed once a value.</param>
/// <param name="Model">The loaded model.</param>
/// <param name="Weight">Weight in the mode Weighted.</param>
/// <param name="Threshold">Threshold in the mode Any.</param>
internal sealed record Member(int Slot, ValueModel Model, double Weight, double Threshold);

/// <summary>
/// The models that decide together for one arm. Immutable. How logits of one value become its score depends on the ensemble:
/// <list type="bullet">
/// <item>Cascade: the gate alone outside its band; inside, gate and network joined by the network's own calibration;
/// what that leaves open is asked of models in a pool, whose answer then counts, and without it the local one.</item>
/// <item>Models that read the whole request come last in the cascade, for what the parts leave open.</item>
/// <item>Weighted and Any: per model, joined over the whole request.</item>
/// </list>
/// In the cascade the rules that matched are evidence beside the request's score (<see cref="RuleEvidence"/>).
/// </summary>
internal sealed class ModelSet
{
    public ModelSet(EnsembleKind ensemble, IReadOnlyList<Member> members)
    {
        Ensemble = ensemble;
        Members = [.. members];
        Values = [.. members.Where(m => !m.Model.ReadsRequests)];
        Whole = [.. members.Where(m => m.Model.ReadsRequests)];
        Gate = members.FirstOrDefault(m => m.Model.IsGate);
        Second = [.. Values.Where(m => !m.Model.IsGate && !m.Model.IsRemote)];
        Remote = [.. Values.Where(m => m.Model.IsRemote)];
        HasRemoteWhole = Whole.Any(m => m.Model.IsRemote);
        RemoteLow = Remote.Select(m => m.Model.Threshold("low", 0.02)).DefaultIfEmpty(0).Min();
        RemoteHigh = Remote.Select(m => m.Model.Threshold("high", 0.98)).DefaultIfEmpty(0).Max();
        Low = Gate?.Model.Threshold("low", 0.02) ?? 0;
        High = Gate?.Model.Threshold("high", 0.999) ?? 0;
        WeightSum = members.Sum(m => m.Weight);
    }

    public EnsembleKind Ensemble { get; }

    public Member[] Members { get; }

    /// <summary>Those that are asked for values.</summary>
    public Member[] Values { get; }

    /// <summary>Those that an exclusion of a part speaks of: of values, or all where there are no others.</summary>
    public Member[] OfParts => Values.Length > 0 ? Values : Members;

    /// <summary>Those that read the request as a whole.</summary>
    public Member[] Whole { get; }

    /// <summary>One of those runs in a pool.</summary>
    public bool HasRemoteWhole { get; }

    public Member? Gate { get; }

    /// <summary>Local networks.</summary>
    public Member[] Second { get; }

    /// <summary>Models in a pool that are asked for values: what the local ones leave open.</summary>
    public Member[] Remote { get; }

    /// <summary>Below: the local networks' answer stands.</summary>
    public double RemoteLow { get; }

    /// <summary>Above: the local networks' answer stands.</summary>
    public double RemoteHigh { get; }

    /// <summary>Below: benign without a second look.</summary>
    public double Low { get; }

    /// <summary>Above: an attack without a second look.</summary>
    public double High { get; }

    public double WeightSum { get; }

    /// <summary>What rules add: the last stage of the cascade knows. Null in the other ensembles.</summary>
    public RuleEvidence? Evidence => Ensemble is not EnsembleKind.Cascade ? null
        : Second.Length > 0 ? Second[0].Model.Evidence
        : Gate?.Model.Evidence;

    /// <summary>Probability of a value from both stages' logits.</summary>
    public static double Join(double gateLogit, double modelLogit, ValueModel model) =>
        model.Manifest.Cascade is { } cascade
            ? ValueModel.Sigmoid((cascade.GateWeight * gateLogit) + (cascade.ModelWeight * modelLogit) + cascade.Intercept)
            : model.Probability(modelLogit);
}
