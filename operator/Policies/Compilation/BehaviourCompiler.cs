using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Compilation;

/// <summary>The part of a policy about what clients do over time.</summary>
public static class BehaviourCompiler
{
    internal static BehaviourPolicy? Compile(PolicyInputs inputs, List<Finding> findings)
    {
        if (inputs.Policy.Spec.Behaviour is not { } spec || spec.Mode is PolicyMode.Off) return null;
        var thresholds = spec.Thresholds ?? new();
        var actions = spec.Actions ?? new();
        var throttle = spec.Throttle ?? new();
        return new()
        {
            Mode = PolicyCompiler.Ceiling(spec.Mode, inputs.Policy.Spec.Mode),
            Clients = spec.Clients,
            Sessions =
            [
                .. spec.Sessions.Select(session => new DistinctValues
                {
                    Of = ByName.Of<RateLimitKeyKind>(session.Of), Name = session.Name,
                }),
            ],
            ExemptClients = spec.ExemptClients,
            Models =
            [
                .. spec.Models.Select((reference, index) =>
                    ModelCompiler.AssignBehaviour(inputs, reference.Model, index, findings)),
            ],
            MediumThreshold = DecimalText.ParseDouble(thresholds.Medium),
            HighThreshold = DecimalText.ParseDouble(thresholds.High),
            CriticalThreshold = DecimalText.ParseDouble(thresholds.Critical),
            MediumAction = ByName.Of<BehaviourActionKind>(actions.Medium),
            HighAction = ByName.Of<BehaviourActionKind>(actions.High),
            CriticalAction = ByName.Of<BehaviourActionKind>(actions.Critical),
            QuarantineFor = DurationText.Parse(spec.QuarantineFor),
            ThrottleRequests = throttle.Requests,
            ThrottlePeriod = DurationText.Parse(throttle.Period),
            Challenge = AsksForBrowsers(spec) ? ChallengeOf(spec.Challenge ?? new(), inputs.ChallengeKeys) : null,
        };
    }

    /// <summary>A level of risk has the action Challenge.</summary>
    public static bool AsksForBrowsers(BehaviourSpec? spec) => spec is not null && spec.Mode is not PolicyMode.Off
        && (spec.Actions ?? new()) is var actions
        && (actions.Medium is BehaviourAction.Challenge || actions.High is BehaviourAction.Challenge
            || actions.Critical is BehaviourAction.Challenge);

    private static ChallengePolicy ChallengeOf(ChallengeSpec spec, IReadOnlyList<string> keys) => new()
    {
        Keys = keys, PassFor = DurationText.Parse(spec.PassFor), WorkBits = spec.WorkBits,
    };
}
