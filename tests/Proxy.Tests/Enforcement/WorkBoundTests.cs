using System.Globalization;
using System.Text;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>A request that is more work for the rules than its bytes allow: 413, and the rule that spent most.</summary>
public sealed class WorkBoundTests
{
    private const int Rules = 1_500;
    private const int ValueBytes = 60_000;

    /// <summary>
    /// Each reads the value to its end, and no literal spares it that: some thousand steps for each byte.
    /// </summary>
    private static readonly string Costly = string.Join('\n', Enumerable.Range(1, Rules).Select(i => string.Create(
        CultureInfo.InvariantCulture,
        $"SecRule ARGS:text \"!@rx ^(?:[a-z]+|{i})$\" \"id:{i},phase:2,pass,nolog\"")));

    /// <summary>How much work a request is, its client chose: an open failure mode alone lets none pass.</summary>
    [Theory]
    [InlineData(FailureMode.Closed, UninspectedOutcome.Record, false)]
    [InlineData(FailureMode.Open, UninspectedOutcome.Block, false)]
    [InlineData(FailureMode.Open, UninspectedOutcome.Record, true)]
    public async Task MoreWorkThanTheBytesAllow_IsRefused_AndTheEventNamesTheRule(
        FailureMode mode, UninspectedOutcome uninspected, bool passes)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Costly) with
        {
            FailureModes = new FailureModes { Rules = mode, Uninspected = uninspected },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{sidecar.Endpoint}") };
        using var body = new StringContent(
            "text=" + new string('a', ValueBytes), Encoding.ASCII, "application/x-www-form-urlencoded");

        using var answer = await client.PostAsync(new Uri("/", UriKind.Relative), body);

        var e = Assert.Single(await sidecar.EventsAsync());
        if (passes)
        {
            Assert.Equal((200, VerdictKind.Allow), ((int)answer.StatusCode, e.Verdict));
            Assert.Contains(UninspectedReason.RulesFailed, e.Coverage!.Uninspected);
            return;
        }

        Assert.Equal((413, 413, "Unavailable"), ((int)answer.StatusCode, e.StatusCode, e.Reason));
        Assert.Matches("rule evaluation met its bound on work; rule [0-9]+ took the most of it", e.Message);
    }
}
