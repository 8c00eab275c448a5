using WafOperator.Policies.Coverage;

namespace WafOperator.Policies.Tests.Coverage;

public sealed class CoverageCalculatorTests
{
    [Fact]
    public void Count_PodsInEveryState_AddsUpToThoseMatched()
    {
        var count = CoverageCalculator.Count(
        [
            new("a", null, "r2", null), new("b", null, "r1", null), new("c", null, null, null),
            new("e", "NotRequested", null, null), new("d", "NotRequested", null, null),
            // What a pod without a sidecar says does not count.
            new("f", "Replaced", "r2", null),
        ], "r2");

        Assert.Equal((6, 3, 1, 2, 3), (count.Matched, count.Injected, count.Programmed, count.Stale, count.Missing));
        Assert.Equal("1/6", count.Summary);
        Assert.Equal(["NotRequested 2 d,e", "Replaced 1 f"],
            count.MissingReasons.Select(missing =>
                $"{missing.Reason} {missing.Count} {string.Join(',', missing.Pods)}"));
    }

    [Fact]
    public void Count_OfManyMissingPods_NamesTheFirstFive()
    {
        var count = CoverageCalculator.Count(
            [.. Enumerable.Range(0, 20).Select(i => new CoveredPod($"p{i:00}", "NoPorts", null, null))], null);

        var reason = Assert.Single(count.MissingReasons);
        Assert.Equal(20, reason.Count);
        Assert.Equal(["p00", "p01", "p02", "p03", "p04"], reason.Pods);
    }

    [Fact]
    public void Count_WithoutARevision_NothingIsProgrammed() =>
        Assert.Equal(0, CoverageCalculator.Count([new("a", null, null, null)], null).Programmed);
}
