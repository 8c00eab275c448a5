using WafOperator.Pools;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

public sealed class PoolScalingTests
{
    private static readonly InferencePoolSpec Spec = new()
    {
        Replicas = 2,
        Autoscaling = new AutoscalingSpec
        {
            MinReplicas = 1, MaxReplicas = 8, TargetQueueDelay = "5ms", ScaleUpAfter = "10s", ScaleDownAfter = "5m",
        },
    };

    private static DateTimeOffset T(double seconds) => DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds);

    private static ScalingDecision Look(
        ScalingState state, double at, double[] delays, InferencePoolSpec? spec = null, bool needed = true) =>
        PoolScaling.Next(
            new ScalingInputs(spec ?? Spec, needed, [.. delays.Select(TimeSpan.FromMilliseconds)], state, T(at)));

    private static ScalingDecision Repeat(
        ScalingState state, double from, double until, double delay, InferencePoolSpec? spec = null)
    {
        var last = Look(state, from, [delay], spec);
        for (var at = from + 5; at <= until; at += 5) last = Look(last.State, at, [delay], spec);
        return last;
    }

    [Fact]
    public void WithoutAutoscaling_TheSpecDecides()
    {
        Assert.Equal(3, Look(new(), 0, [500], new InferencePoolSpec { Replicas = 3 }).Replicas);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void ZeroOfTheSpec_OnlyTakesEffectWhenNoPolicyNeedsThePool(bool needed, int expected)
    {
        Assert.Equal(expected, Look(new(), 0, [], new InferencePoolSpec { Replicas = 0 }, needed).Replicas);
    }

    [Fact]
    public void ADelayOverTheTarget_AddsReplicasAfterItsTime_InProportionAndAtMostTwice()
    {
        Assert.Equal(2, Repeat(new(), 0, 5, 7).Replicas);
        Assert.Equal(3, Repeat(new(), 0, 10, 7).Replicas);
        Assert.Equal(4, Repeat(new(), 0, 10, 500).Replicas);
        Assert.Equal(3, Repeat(new(), 0, 10, 5.1).Replicas);
    }

    [Fact]
    public void AfterReplicasWereAdded_TheyAreGivenTheSameTimeToHelp()
    {
        var up = Repeat(new(), 0, 10, 500);
        Assert.Equal(4, Look(up.State, 15, [500]).Replicas);
        Assert.Equal(8, Repeat(up.State, 15, 25, 500).Replicas);
        Assert.Equal(8, Repeat(up.State, 15, 120, 500).Replicas);
    }

    [Fact]
    public void ABriefPeak_ChangesNothing()
    {
        var peak = Look(new(), 0, [500]);
        var calm = Look(peak.State, 5, [1]);
        Assert.Equal(2, Look(calm.State, 12, [500]).Replicas);
    }

    [Fact]
    public void ALowDelay_TakesAQuarterAtMost_AfterItsTime_AndNotUnderTheLeast()
    {
        var eight = new ScalingState { Replicas = 8 };
        Assert.Equal(8, Repeat(eight, 0, 295, 1).Replicas);
        var six = Repeat(eight, 0, 300, 1);
        Assert.Equal(6, six.Replicas);
        Assert.Equal(6, Repeat(six.State, 305, 600, 1).Replicas);
        Assert.Equal(5, Repeat(six.State, 305, 605, 1).Replicas);
        Assert.Equal(1, Repeat(eight, 0, 7200, 1).Replicas);
    }

    [Fact]
    public void BetweenLowAndTarget_NothingChanges() =>
        Assert.Equal(4, Repeat(new() { Replicas = 4 }, 0, 7200, 4).Replicas);

    /// <summary>With 4 ms of waiting for company, an idle pool shows 4 ms, and is still idle.</summary>
    [Fact]
    public void WaitingForCompany_IsNoLoad()
    {
        var spec = Spec with { Batching = new BatchingSpec { QueueDelayMax = "4ms" } };
        Assert.Equal(3, Repeat(new() { Replicas = 4 }, 0, 300, 4.1, spec).Replicas);
    }

    [Fact]
    public void WithoutMeasurements_TheNumberStays_AndTimeDoesNotCount()
    {
        var high = Look(new() { Replicas = 2 }, 0, [500]);
        var blind = Look(high.State, 5, []);
        Assert.Equal(2, Look(blind.State, 12, [500]).Replicas);
        Assert.Equal(2, Look(blind.State, 7200, []).Replicas);
    }

    [Fact]
    public void TheMeanOfTheReplicasCounts() => Assert.Equal(2, PoolScaling.Next(new ScalingInputs(
        Spec, true, [TimeSpan.FromMilliseconds(8), TimeSpan.FromMilliseconds(1)],
        new() { Replicas = 2, HighSince = T(0) }, T(60))).Replicas);

    [Fact]
    public void ToZero_OnlyWithoutPolicies_AfterTheTime_AndBackAtOnce()
    {
        var spec = Spec with { Autoscaling = Spec.Autoscaling! with { MinReplicas = 0 } };
        Assert.Equal(1, Repeat(new() { Replicas = 1 }, 0, 7200, 0, spec).Replicas);
        var idle = Look(new() { Replicas = 2 }, 0, [0], spec, needed: false);
        Assert.Equal(2, idle.Replicas);
        Assert.Equal(2, Look(idle.State, 299, [0], spec, needed: false).Replicas);
        var zero = Look(idle.State, 300, [0], spec, needed: false);
        Assert.Equal(0, zero.Replicas);
        var still = Look(zero.State, 9000, [], spec, needed: false);
        Assert.Equal((0, null), (still.Replicas, still.Reason));
        var back = Look(still.State, 9001, [], spec);
        Assert.Equal(1, back.Replicas);
        Assert.Contains("policy", back.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void APolicyThatComesBackInTime_KeepsThePool()
    {
        var spec = Spec with { Autoscaling = Spec.Autoscaling! with { MinReplicas = 0 } };
        var idle = Look(new() { Replicas = 1 }, 0, [], spec, needed: false);
        var needed = Look(idle.State, 200, [], spec);
        Assert.Equal(1, Look(needed.State, 400, [], spec, needed: false).Replicas);
    }

    [Fact]
    public void BoundsThatMoved_AreFollowedAtOnce()
    {
        Assert.Equal(8, Look(new() { Replicas = 20 }, 0, [4]).Replicas);
        var spec = Spec with { Autoscaling = Spec.Autoscaling! with { MinReplicas = 4 } };
        Assert.Equal(4, Look(new() { Replicas = 2 }, 0, [4], spec).Replicas);
    }

    [Fact]
    public void WithAnAutoscalerOfKubernetes_ItsNumberIsTaken()
    {
        var scaling = Spec.Autoscaling! with { UseHorizontalPodAutoscaler = true };
        var spec = Spec with { Replicas = 5, Autoscaling = scaling };
        Assert.Equal(5, Repeat(new() { Replicas = 2 }, 0, 600, 500, spec).Replicas);
    }
}
