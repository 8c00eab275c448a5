using WafOperator.Policies.Coverage;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Tests.Coverage;

public sealed class InspectionSummaryTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Of_SeveralSidecars_AddsUpAndRoundsDown()
    {
        var status = InspectionSummary.Of(
        [
            Counters(1_000_000, 1_000_000), Counters(2_000_000, 1_999_999, ("Limit", 1), ("RouteOff", 600_000)),
        ])!;

        Assert.Equal(("0.9999", "0.5"), (status.RequestsWhole, status.BytesInspected));
        Assert.Equal([("RouteOff", "0.2"), ("Limit", "0")], status.Uninspected.Select(item => (item.Reason,
            item.Share!)));
        Assert.Null(InspectionSummary.Of([]));
        Assert.Null(InspectionSummary.Of([new InspectionCounters()]));
    }

    [Fact]
    public void Of_CountersThatNoSidecarHas_AreNotBelieved()
    {
        var status = InspectionSummary.Of(
            [Counters(10, 50, ("Limit", 99), ("<script>", 7), ("ModelCold", -5)), Counters(-10, -10)])!;

        Assert.Equal("1", status.RequestsWhole);
        Assert.Equal([("Limit", "1")], status.Uninspected.Select(item => (item.Reason, item.Share!)));
    }

    [Fact]
    public void Of_ManySidecarsThatCountBeyondAllBounds_DoesNotOverflow()
    {
        var counters = new InspectionCounters
        {
            Requests = long.MaxValue, Whole = long.MaxValue, Bytes = long.MaxValue, BytesInspected = long.MaxValue,
            Uninspected = new Dictionary<string, long> { ["Limit"] = long.MaxValue },
        };

        var status = InspectionSummary.Of([.. Enumerable.Repeat(counters, 1_000)])!;

        Assert.Equal(("1", "1"), (status.RequestsWhole, status.BytesInspected));
        var growth = new UninspectedGrowth();
        growth.Observe([Pod("a", new InspectionCounters())], Start);
        Assert.Equal([UninspectedReason.Limit], growth.Observe([Pod("a", counters)], Start.AddSeconds(1)));
        Assert.Equal(1_125_899_906_842_624, InspectionSummary.CountMax);
    }

    [Fact]
    public void Growth_OfWhatNobodyChose_IsToldWhileItLasts()
    {
        var growth = new UninspectedGrowth();

        Assert.Empty(growth.Observe([Pod("a", Counters(1_000, 0, ("ModelMissing", 900)))], Start));
        Assert.Equal(
            [UninspectedReason.ModelMissing],
            growth.Observe([Pod("a", Counters(1_100, 0, ("ModelMissing", 950), ("RouteOff", 50)))],
                Start.AddMinutes(1)));
        Assert.Equal(
            [UninspectedReason.ModelMissing],
            growth.Observe([Pod("a", Counters(1_200, 0, ("ModelMissing", 950)))], Start.AddMinutes(5)));
        growth.Observe([Pod("a", Counters(1_300, 0, ("ModelMissing", 950)))], Start.AddMinutes(10));
        Assert.Empty(growth.Observe([Pod("a", Counters(1_400, 0, ("ModelMissing", 950)))], Start.AddMinutes(15)));
    }

    [Fact]
    public void Growth_EveryReason_OnlyThoseThatNobodyChoseAndAShareOfThem()
    {
        foreach (var reason in Enum.GetValues<UninspectedReason>())
        {
            foreach (var (count, isMuch) in new[] { (9, false), (10, true) })
            {
                var growth = new UninspectedGrowth();
                growth.Observe([Pod("a", Counters(0, 0))], Start);

                var grown = growth.Observe([Pod("a", Counters(1_000, 0, (reason.ToString(), count)))],
                    Start.AddSeconds(20));

                var isUnasked = UninspectedKinds.Of(reason) is UninspectedKind.Client or UninspectedKind.Fault;
                Assert.Equal(isUnasked && isMuch ? [reason] : [], grown);
            }
        }
    }

    [Fact]
    public void Growth_OfASidecarThatStartedAnew_BeginsAnew()
    {
        var growth = new UninspectedGrowth();
        growth.Observe([Pod("a", Counters(1_000, 0, ("Limit", 500)))], Start);

        Assert.Empty(growth.Observe([Pod("a", Counters(10, 0, ("Limit", 9)), Start.AddMinutes(1))],
            Start.AddMinutes(1)));
    }

    private static CountedSidecar Pod(string uid, InspectionCounters counters, DateTimeOffset? startedAt = null) =>
        new(uid, startedAt ?? Start, counters);

    private static InspectionCounters Counters(long requests, long whole, params (string Reason,
        long Count)[] uninspected) => new()
    {
        Requests = requests, Whole = whole, Bytes = requests * 100, BytesInspected = requests * 50,
        Uninspected = uninspected.ToDictionary(item => item.Reason, item => item.Count),
    };
}
