using WafOperator.Controllers.Models;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>What tools that wait by kstatus' rules make of a ModelVersion: it never stays under way for ever.</summary>
public sealed class RolloutConditionsTests
{
    [Theory]
    [InlineData(ModelPhase.Pending, "InProgress")]
    [InlineData(ModelPhase.Verifying, "InProgress")]
    [InlineData(ModelPhase.Evaluating, "InProgress")]
    [InlineData(ModelPhase.Shadow, "InProgress")]
    [InlineData(ModelPhase.Canary, "InProgress")]
    [InlineData(ModelPhase.Promoted, "Current")]
    [InlineData(ModelPhase.RolledBack, "Failed")]
    [InlineData(ModelPhase.Superseded, "Failed")]
    [InlineData(ModelPhase.Failed, "Failed")]
    public void APhase_HasAnEndThatToolsSee(ModelPhase phase, string status) =>
        Assert.Equal(status, KstatusOf(Next(phase, generation: 7), 7));

    [Theory]
    [InlineData(ModelPhase.Promoted)]
    [InlineData(ModelPhase.RolledBack)]
    [InlineData(ModelPhase.Superseded)]
    [InlineData(ModelPhase.Failed)]
    public void AChangedSpecOfAVersionAtItsEnd_IsObserved(ModelPhase phase) =>
        Assert.Equal(8, Next(phase, generation: 8).ObservedGeneration);

    private static ModelVersionStatus Next(ModelPhase phase, long generation)
    {
        var status = phase is ModelPhase.Promoted or ModelPhase.RolledBack or ModelPhase.Superseded or ModelPhase.Failed
            ? RolloutMachine.Next(new RolloutInputs
            {
                Spec = new(), Status = new() { Phase = phase, ObservedGeneration = 1 }, Generation = generation,
                Now = DateTimeOffset.UnixEpoch,
            }).Status
            : new ModelVersionStatus { Phase = phase, ObservedGeneration = generation };
        return status with
        {
            Conditions = RolloutConditions.Compute(status, [], false, generation, DateTimeOffset.UnixEpoch),
        };
    }

    /// <summary>kstatus' rules for custom resources, in its order.</summary>
    private static string KstatusOf(ModelVersionStatus status, long generation)
    {
        if (status.ObservedGeneration != generation) return "InProgress";
        if (Is("Reconciling", ConditionStatus.True)) return "InProgress";
        if (Is("Stalled", ConditionStatus.True)) return "Failed";
        return Is("Ready", ConditionStatus.True) ? "Current" : "InProgress";

        bool Is(string type, ConditionStatus wanted) =>
            status.Conditions.Any(c => c.Type == type && c.Status == wanted);
    }
}
