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

    private static Condition Degraded(PolicyConditionInputs inputs) =>
        PolicyConditions.Compute(inputs).Single(condition => condition.Type == "Degraded");
}
