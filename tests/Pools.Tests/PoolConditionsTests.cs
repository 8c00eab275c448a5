using WafOperator.Pools;
using WafOperator.Resources;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

/// <summary>What tools that wait by kstatus' rules make of an InferencePool.</summary>
public sealed class PoolConditionsTests
{
    private const long Generation = 7;

    private static readonly RungParity Differs = new() { Rung = 0, Passed = false, Message = "they differ" };

    public static TheoryData<string, string, string> Situations => new()
    {
        { "serves", "Current", "Ready" },
        { "no replica is wanted", "Current", "ScaledToZero" },
        { "starts", "InProgress", "Starting" },
        { "finds no node", "InProgress", "Unschedulable" },
        { "pods fail", "InProgress", "PodsFailing" },
        { "name taken", "Failed", "NameTaken" },
        { "name unusable", "Failed", "NameUnusable" },
        { "every rung refused", "Failed", "RungRefused" },
        { "refused, but serves", "Current", "Ready" },
    };

    [Theory, MemberData(nameof(Situations))]
    public void APool_HasAnEndThatToolsSee(string situation, string status, string reason)
    {
        var conditions = PoolConditions.Compute(InputsOf(situation));

        Assert.Equal(status, KstatusOf(conditions));
        Assert.Equal(reason, conditions.Single(c => c.Type == "Ready").Reason);
        Assert.All(conditions, c => Assert.Equal(Generation, c.ObservedGeneration));
    }

    private static PoolConditionInputs InputsOf(string situation)
    {
        var now = DateTimeOffset.UnixEpoch;
        var serving = new LadderState { Serving = 0 };
        var trying = new LadderState { Trying = 0 };
        return situation switch
        {
            "serves" => Inputs(serving, new() { Ready = 1 }),
            "no replica is wanted" => Inputs(serving, RungObservation.None) with { Wanted = 0 },
            "starts" => Inputs(trying, new() { Starting = 1 }),
            "finds no node" => Inputs(trying, new() { UnschedulableSince = now, Unschedulable = "no GPU" }),
            "pods fail" => Inputs(trying, new() { FailingSince = now, Failing = "no image" }),
            "name taken" => Inputs(trying, RungObservation.None) with { Refusal = ("NameTaken", "a Service has it") },
            "name unusable" => Inputs(trying, RungObservation.None) with { Refusal = ("NameUnusable", "too long") },
            "every rung refused" => Inputs(trying, new() { Starting = 1 }) with { Parity = [Differs] },
            "refused, but serves" => Inputs(serving, new() { Ready = 1 }) with { Parity = [Differs] },
            _ => throw new ArgumentOutOfRangeException(nameof(situation)),
        };
    }

    private static PoolConditionInputs Inputs(LadderState ladder, RungObservation seen) => new()
    {
        Spec = new InferencePoolSpec { Ladder = [new AcceleratorRung()] },
        Ladder = ladder,
        Wanted = 1,
        Observed = new Dictionary<int, RungObservation> { [0] = seen },
        Parity = [],
        Models = [],
        Generation = Generation,
        Now = DateTimeOffset.UnixEpoch,
    };

    /// <summary>kstatus' rules for custom resources, in its order.</summary>
    private static string KstatusOf(IReadOnlyList<Condition> conditions)
    {
        if (Is("Reconciling")) return "InProgress";
        if (Is("Stalled")) return "Failed";
        return Is("Ready") ? "Current" : "InProgress";

        bool Is(string type) => conditions.Any(c => c.Type == type && c.Status == ConditionStatus.True);
    }
}
