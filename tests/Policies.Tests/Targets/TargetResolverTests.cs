using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Targets;

/// <summary>Which policy protects a pod, by the fields of a target.</summary>
public sealed class TargetResolverTests
{
    private static readonly Workload[] Workloads =
    [
        new(TargetKind.Deployment, "shop", labels => labels["app"] == "shop"),
        new(TargetKind.Service, "shop", labels => labels["app"] == "shop"),
    ];

    [Theory]
    [InlineData(TargetKind.Deployment, "shop", null, true)]
    [InlineData(TargetKind.Deployment, "shop", "apps", true)]
    [InlineData(TargetKind.Deployment, "shop", "example.org", false)]
    [InlineData(TargetKind.Service, "shop", "", true)]
    [InlineData(TargetKind.Service, "shop", "apps", false)]
    [InlineData(TargetKind.StatefulSet, "shop", null, false)]
    [InlineData(TargetKind.Deployment, "other", null, false)]
    public void ATarget_NamesGroupKindAndName(TargetKind kind, string name, string? group, bool isTheirs)
    {
        var policy = new WafPolicy
        {
            Metadata = new() { Name = "shop", Namespace = "shop" },
            Spec = new() { TargetRefs = [new() { Kind = kind, Name = name, Group = group }] },
        };

        var found = new TargetResolver([policy]).PolicyFor(new(new Dictionary<string, string> { ["app"] = "shop" },
            null), Workloads);

        Assert.Equal(isTheirs ? "shop" : null, found);
        Assert.Equal(isTheirs ? 0 : 1, TargetResolver.MissingTargets(policy, Workloads).Count);
    }
}
