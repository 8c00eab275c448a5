using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Reporting;

/// <summary>Which decisions are logged, and how much of what matched.</summary>
public sealed class LoggingFieldTests
{
    private const string Rules = """
        SecRule ARGS "@contains attack" "id:1,phase:1,deny,log"
        SecRule ARGS "@contains odd" "id:2,phase:1,pass,log"
        """;

    [Theory]
    [InlineData(DecisionLogLevel.None, 0)]
    [InlineData(DecisionLogLevel.Blocked, 1)]
    [InlineData(DecisionLogLevel.Matched, 2)]
    [InlineData(DecisionLogLevel.All, 3)]
    public async Task Decisions_AreLoggedFromThatLevelUp(DecisionLogLevel level, int expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce,
                Rules) with { Logging = new DecisionLogging { Decisions = level } });
        using var client = sidecar.Client();

        foreach (var target in new[] { "/?q=attack", "/?q=odd",
            "/?q=plain" }) (await client.GetAsync(target)).Dispose();

        Assert.Equal(expected, (await sidecar.EventsAsync()).Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(100)]
    public async Task MatchedDataBytesMax_BoundsWhatIsQuoted(int most)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Logging = new DecisionLogging { MatchedDataBytesMax = most },
            });
        using var client = sidecar.Client();

        (await client.GetAsync("/?q=attack0123456789")).Dispose();
        await sidecar.EventsAsync();

        var matched = System.Text.Json.Nodes.JsonNode.Parse(Assert.Single(sidecar.Lines()))!.ToJsonString();
        Assert.Equal(most >= 100, matched.Contains("attack0123456789", StringComparison.Ordinal));
        Assert.Equal(most > 0, matched.Contains("attack", StringComparison.Ordinal));
    }
}
