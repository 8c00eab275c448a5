using WafOperator.Policies.Compilation;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests;

public sealed class EnforcingPoliciesTests
{
    public static TheoryData<WafPolicySpec, bool> Specs => new()
    {
        { Spec(PolicyMode.Enforce), true },
        { Spec(PolicyMode.Detect), false },
        { Spec(PolicyMode.Off), false },
        { Spec(PolicyMode.Enforce, PolicyMode.Enforce), true },
        { Spec(PolicyMode.Enforce, PolicyMode.Detect), false },
        { Spec(PolicyMode.Detect, PolicyMode.Enforce), false },
        { Spec(PolicyMode.Enforce) with { Decision = DecisionMode.Rules }, false },
        { Spec(PolicyMode.Enforce) with { Decision = DecisionMode.Models }, true },
        { Spec(PolicyMode.Enforce) with { Ml = null }, false },
        { Spec(PolicyMode.Enforce) with { Ml = new() { Models = [new() { Model = "other" }] } }, false },
    };

    [Theory, MemberData(nameof(Specs))]
    public void Of_APolicyThatNamesTheFamily_OnlyWhereItsWordBlocks(WafPolicySpec spec, bool enforces)
    {
        var policy = new WafPolicy { Metadata = new() { Name = "shop" }, Spec = spec };

        Assert.Equal(enforces ? ["shop"] : [], EnforcingPolicies.Of([policy], "gate"));
        Assert.Empty(EnforcingPolicies.Of(
            [policy with { Metadata = new() { Name = "shop", DeletionTimestamp = DateTimeOffset.UnixEpoch } }],
            "gate"));
    }

    private static WafPolicySpec Spec(PolicyMode mode, PolicyMode? models = null) =>
        new() { Mode = mode, Ml = new() { Mode = models, Models = [new() { Model = "gate" }] } };
}
