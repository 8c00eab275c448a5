using WafOperator.Resources.Pools;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Webhooks.Tests;

/// <summary>Who may create pools, but no pods, gets no pod of their choice.</summary>
public sealed class PoolBoundsTests
{
    private static readonly PoolBounds Bounds = new()
    {
        Images = ["registry.example/waf", "mirror.example/gpu:1"], PriorityClasses = ["inference"],
        Taints = ["dedicated"],
    };

    [Theory]
    [InlineData("registry.example/waf/inference:1", true)]
    [InlineData("registry.example/waf@sha256:00", true)]
    [InlineData("mirror.example/gpu:1", true)]
    [InlineData("mirror.example/gpu:2", false)]
    [InlineData("registry.example/wafer/inference:1", false)]
    [InlineData("registry.example/other:1", false)]
    [InlineData("evil.example/registry.example/waf/x", false)]
    [InlineData("miner", false)]
    public void AnImage_IsOneOfTheInstallations(string image, bool isAllowed) =>
        Assert.Equal(isAllowed, !Bounds.Errors(Spec(new AcceleratorRung { Image = image })).Any());

    [Theory]
    [InlineData("nvidia.com/gpu", true)]
    [InlineData("nvidia.com/mig-1g.10gb", true)]
    [InlineData("node-role.kubernetes.io/control-plane", false)]
    [InlineData("kubernetes.io/arch", false)]
    [InlineData("node.kubernetes.io/unschedulable", false)]
    [InlineData("cpu", false)]
    [InlineData("a/b/c", false)]
    public void AResource_IsAnExtendedOne_SinceItsTaintIsTolerated(string resource, bool isAllowed) =>
        Assert.Equal(isAllowed, !Bounds.Errors(Spec(new AcceleratorRung { Resource = resource })).Any());

    [Theory]
    [InlineData("inference", "dedicated", true)]
    [InlineData("inference", "nvidia.com/gpu", true)]
    [InlineData(null, "node-role.kubernetes.io/control-plane", false)]
    [InlineData("system-node-critical", "dedicated", false)]
    [InlineData("system-cluster-critical", "dedicated", false)]
    public void PriorityAndTaints_AreThoseAllowed(string? priority, string taint, bool isAllowed)
    {
        var spec = Spec(new AcceleratorRung { Resource = "nvidia.com/gpu" }) with
        {
            Placement = new PlacementSpec { PriorityClassName = priority, TolerateTaints = [taint] },
        };

        Assert.Equal(isAllowed, !Bounds.Errors(spec).Any());
    }

    [Fact]
    public void ByDefault_NothingButTheDefaultImageIsAllowed_AndAStarAllowsAny()
    {
        var spec = Spec(new AcceleratorRung { Image = "x" }) with
        {
            Placement = new PlacementSpec { PriorityClassName = "p", TolerateTaints = ["t"] },
        };

        Assert.Equal(3, new PoolBounds().Errors(spec).Count());
        Assert.Empty(new PoolBounds().Errors(Spec(new AcceleratorRung())));
        Assert.Empty(new PoolBounds { Images = ["*"], PriorityClasses = ["*"], Taints = ["*"] }.Errors(spec));
    }

    private static InferencePoolSpec Spec(AcceleratorRung rung) => new() { Ladder = [rung] };
}
