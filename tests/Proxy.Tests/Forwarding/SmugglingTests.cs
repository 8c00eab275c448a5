using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// Requests that two programs would read differently reach the application in one reading only, or not at all.
/// </summary>
public sealed class SmugglingTests
{
    private const string Head = "POST /a HTTP/1.1\r\nHost: shop\r\n";
    private const string Smuggled = "GET /admin HTTP/1.1\r\nHost: shop\r\n\r\n";

    public static TheoryData<string, string> Refused => new()
    {
        { "both framings", Head + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Smuggled },
        { "both framings, the other order", Head + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + Smuggled },
        { "two lengths", Head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
        { "a list of lengths", Head + "Content-Length: 1, 2\r\n\r\nab" },
        { "a negative length", Head + "Content-Length: -1\r\n\r\na" },
        { "an unknown coding", Head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { "chunked not last", Head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
        { "a bad chunk size", Head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n" },
        { "a chunk size over any number", Head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n" },
        { "a folded header", "GET / HTTP/1.1\r\nHost: shop\r\nX-A: b\r\n c\r\n\r\n" },
        { "white space before the colon", "GET / HTTP/1.1\r\nHost : shop\r\n\r\n" },
        { "two hosts", "GET / HTTP/1.1\r\nHost: shop\r\nHost: evil\r\n\r\n" },
        { "an empty host", "GET / HTTP/1.1\r\nHost: \r\nX: y\r\n\r\n" },
        { "garbage between chunks", Head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n" },
        { "a line feed alone behind a chunk size",
            Head + "Transfer-Encoding: chunked\r\n\r\n5;x\nhello\r\n0\r\n\r\n" + Smuggled },
        { "the same length twice", Head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab" },
        { "a length over any number", Head + "Content-Length: 99999999999999999999\r\n\r\nab" },
        { "a space in a header's name", "GET / HTTP/1.1\r\nHost: shop\r\nX Y: z\r\n\r\n" },
        { "no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n" },
        { "an absolute target for another host", "GET http://evil/ HTTP/1.1\r\nHost: shop\r\n\r\n" },
        { "a zero byte in a header", "GET / HTTP/1.1\r\nHost: shop\r\nX-A: b\0c\r\n\r\n" },
        { "a zero byte in the target", "GET /a\0b HTTP/1.1\r\nHost: shop\r\n\r\n" },
        { "a bare carriage return in a header", "GET / HTTP/1.1\r\nHost: shop\r\nX-A: b\rX-B: c\r\n\r\n" },
        { "a space in the target", "GET /a b HTTP/1.1\r\nHost: shop\r\n\r\n" },
        { "a tunnel", "CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n" },
        { "an unknown protocol", "GET / HTTP/3.7\r\nHost: shop\r\n\r\n" },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task Request_WithTwoReadings_IsRefusedAndNothingBehindItIsServed(string shape, string request)
    {
        foreach (var mode in new[] { InspectionMode.Off, InspectionMode.Detect, InspectionMode.Enforce })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(
                upstream.Address, TestSidecar.Policy(mode, "SecAction \"id:1,phase:1,pass,nolog\""));

            var answer = await RawConnection.ExchangeAsync(sidecar.Endpoint, request);

            Assert.True(
                answer.Split("HTTP/1.1 ").Skip(1).All(part => part.StartsWith('4') || part.StartsWith('5')),
                $"{shape} in mode {mode}: {answer}");
            Assert.DoesNotContain(upstream.Seen, seen => seen.Target == "/admin" || seen.Method == "CONNECT");
        }
    }

    [Fact]
    public async Task UpgradeToCleartextHttp2_IsNotOfferedToTheApplication()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));

        await RawConnection.ExchangeAsync(
            sidecar.Endpoint,
            "GET / HTTP/1.1\r\nHost: shop\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\r\n");

        var seen = Assert.Single(upstream.Seen);
        Assert.Null(seen["Upgrade"]);
        Assert.Null(seen["HTTP2-Settings"]);
    }

    [Fact]
    public async Task Connection_NamesFields_OnlyThoseThatMayGoAreDropped()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "GET / HTTP/1.1\r\nHost: shop\r\nX-Hop: 1\r\nX-Forwarded-For: 9.9.9.9\r\nAuthorization: Basic x\r\n"
            + "Connection: X-Hop, X-Forwarded-For, Authorization\r\n\r\n");
        await connection.ReadUntilAsync("\r\n\r\n");

        var seen = Assert.Single(upstream.Seen);
        Assert.Null(seen["X-Hop"]);
        Assert.Equal("Basic x", seen["Authorization"]);
        Assert.Equal("9.9.9.9, 127.0.0.1", seen["X-Forwarded-For"]);
    }
}
