using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// Heads that rule sets expect the web server to refuse: no rule sees them, so the sidecar's server must do it.
/// </summary>
public sealed class RefusedHeadTests
{
    [Theory]
    [InlineData("GET / HTTP/0.9\r\nHost: shop\r\n\r\n")]
    [InlineData("GET / HTTP/1.9\r\nHost: shop\r\n\r\n")]
    [InlineData("GET / HTTP\\1.0\r\nHost: shop\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop\r\nX-Data: tea\rX-Injected: split\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop\r\nX-Data: te\0a\r\n\r\n")]
    [InlineData("\tGET / HTTP/1.1\r\nHost: shop\r\n\r\n")]
    [InlineData("GET \\index.html HTTP/1.1\r\nHost: shop\r\n\r\n")]
    public async Task Head_ThatNoRuleCouldRead_IsRefusedByTheServer(string head)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce));

        var answer = await RawConnection.ExchangeAsync(sidecar.Endpoint, head);

        Assert.Matches("^HTTP/1.1 (400|505) ", answer);
        Assert.Empty(upstream.Seen);
    }

    /// <summary>
    /// Some clients send letters as they are. What servers make of such bytes differs, so what was inspected would not
    /// surely be what the application reads.
    /// </summary>
    [Theory]
    [InlineData("/caf\u00c3\u00a9")]
    [InlineData("/search?q=caf\u00c3\u00a9")]
    [InlineData("/caf\u00e9")]
    [InlineData("/search?q=caf\u00e9")]
    public async Task Target_WithRawLetters_IsRefused_AndTheEventSaysWhy(string target)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, $"GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n");

        Assert.Contains("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Empty(upstream.Seen);
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Contains("percent-encoded", told.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/caf\u00c3\u00a9")]
    [InlineData("/search?q=caf\u00e9")]
    public async Task Target_WithRawLettersOverHttp2_IsRefused_AndTheEventSaysWhy(string target)
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce));

        var status = await RawHttp2.SendAsync(
            sidecar.Endpoint, [(":method", "GET"), (":scheme", "http"), (":authority", "shop"), (":path", target)], []);

        Assert.True(status is 0 or 400, $"{status}");
        Assert.Empty(upstream.Seen);
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Contains("read in more than one way", told.Message, StringComparison.Ordinal);
    }

    /// <summary>Without a length or chunks, what follows the head is the next request, and no good one.</summary>
    [Fact]
    public async Task Body_WithoutFraming_ReachesNobody()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, "POST / HTTP/1.1\r\nHost: shop\r\n\r\n{\"id\":\"select(sleep(10));\"}\r\n\r\n");

        Assert.Contains("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Single(upstream.Seen);
    }
}
