using WafOperator.Distribution.Events;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Tests;

public sealed class EventLabelsTests
{
    [Fact]
    public void Reasons_ThatASidecarInvents_AreCountedTogether()
    {
        var labels = new EventLabels();

        var seen = Enumerable.Range(0, 3_000).Select(i => labels.Of(Event("shop", $"R{i}"))).ToHashSet();

        Assert.Equal([("shop", "Block", EventLabels.Other)], seen);
        Assert.Equal(("bank", "Block", "Rules"), labels.Of(Event("bank", "Rules")));
    }

    [Fact]
    public void Verdicts_ThatDoNotExist_AreCountedTogether() => Assert.Equal(
        EventLabels.Other, new EventLabels().Of(Event("shop", "Rules") with { Verdict = (VerdictKind)77 }).Verdict);

    [Fact]
    public void Namespaces_BeyondTheBound_AreCountedTogetherAndTheFirstKeepTheirs()
    {
        var labels = new EventLabels();

        var seen = Enumerable.Range(0, 1_000).Select(i => labels.Of(Event($"ns{i}", "Rules")).Namespace).ToHashSet();

        Assert.Equal(EventLabels.NamespacesMax + 1, seen.Count);
        Assert.Equal("ns0", labels.Of(Event("ns0", "Model")).Namespace);
    }

    private static SecurityEvent Event(string ns, string reason) => new()
    {
        Id = "1", Time = DateTimeOffset.UnixEpoch, Namespace = ns, Policy = "front", Revision = "r1",
        Client = "192.0.2.1", Method = "GET", Path = "/", Verdict = VerdictKind.Block, Reason = reason,
    };
}
