using WafOperator.Policies.Compilation;
using WafOperator.Policies.Conditions;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Conditions;

public sealed class DegradedPortsTests
{
    private static readonly PolicyConditionInputs Sound = new()
    {
        Compilation = new PolicyCompilation(),
        Coverage = new CoverageStatus(),
    };

    [Fact]
    public void WithoutSuchPorts_NothingNeedsALook() => Assert.Equal("AsExpected", Degraded(Sound).Reason);

    [Fact]
    public void AWayAround_ComesBeforeWhatIsOnlyUnresolvedOrNotHttp()
    {
        var all = Sound with
        {
            Uncaptured = ["Service a port 1"], Unresolved = ["Service b port web"], NotHttp = ["Service c port 2"],
        };

        Assert.Equal("UncapturedPort", Degraded(all).Reason);
        Assert.Equal("UnresolvedTarget", Degraded(all with { Uncaptured = [] }).Reason);
        Assert.Equal("NotHttpPort", Degraded(all with { Uncaptured = [], Unresolved = [] }).Reason);
    }

    [Fact]
    public void TheMessage_NamesTheServicePortAndTheNextStep()
    {
        var condition = Degraded(Sound with { NotHttp = ["Service shop port 5432"] });

        Assert.Equal(ConditionStatus.True, condition.Status);
        Assert.Contains("Service shop port 5432", condition.Message, StringComparison.Ordinal);
        Assert.Contains("wafoperator.dev/ports", condition.Message, StringComparison.Ordinal);
    }

    /// <summary>The event about it is gone after an hour, and nobody may have looked.</summary>
    [Fact]
    public void ARepairThatStopped_IsSaidForAsLongAsPodsAreBare()
    {
        var stopped = Sound with { RepairStopped = "not evicted: came back bare", Uninspected = ["Limit"] };

        Assert.Equal("Uninspected", Degraded(stopped).Reason);
        var condition = Degraded(stopped with { Coverage = new CoverageStatus { Matched = 1, Missing = 1 } });
        Assert.Equal((ConditionStatus.True, "RepairStopped"), (condition.Status, condition.Reason));
        Assert.Contains("came back bare", condition.Message, StringComparison.Ordinal);
    }

    private static Condition Degraded(PolicyConditionInputs inputs) =>
        PolicyConditions.Compute(inputs).Single(condition => condition.Type == "Degraded");
}
