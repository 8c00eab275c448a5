using WafOperator.Policies.Compilation;
using WafOperator.Policies.Conditions;
using WafOperator.Resources;

namespace WafOperator.Policies.Tests.Conditions;

/// <summary>What takes a whole kind of protection away is a condition of the policy.</summary>
public sealed class WeakenedTests
{
    [Fact]
    public void WithoutAny_ThePolicyIsAsWritten() => Assert.Equal(
        (ConditionStatus.False, "AsWritten", "no exclusion in force is broad"), Weakened(new()));

    [Fact]
    public void ABroadExclusion_ComesFirst_AndIsNamed() => Assert.Equal(
        (ConditionStatus.True, "BroadExclusion", "WafExclusion tuned leaves out all models below /search (noisy)"),
        Weakened(new()
        {
            Weakenings = ["tuned leaves out all models below /search (noisy)"], RuleFilesMayWeaken = true,
        }));

    [Fact]
    public void RuleFilesThatAnybodyMayWrite_AreSaid()
    {
        var (status, reason, message) = Weakened(new() { RuleFilesMayWeaken = true });

        Assert.Equal((ConditionStatus.True, "RuleFilesTrusted"), (status, reason));
        Assert.Contains("configMapDigests", message, StringComparison.Ordinal);
    }

    private static (ConditionStatus, string, string) Weakened(PolicyCompilation compilation)
    {
        var condition = PolicyConditions.Compute(new() { Compilation = compilation, Coverage = new() })
            .Single(c => c.Type == "Weakened");
        return (condition.Status, condition.Reason!, condition.Message!);
    }
}
