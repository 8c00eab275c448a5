using System.Net;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// A body is inspected whatever the request calls itself: every disguise, with every framing, ends blocked or refused,
/// and nothing of it reaches the application.
/// </summary>
public sealed class DisguisedBodyTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";
    private const string Body = "name=attack";

    private static readonly string[] Methods = ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"];

    private static readonly string[] Disguises =
    [
        "Upgrade: websocket\r\n",
        "Upgrade: WebSocket\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Upgrade: websocket, h2c\r\nConnection: keep-alive, upgrade\r\n",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n",
        "Upgrade: anything\r\n",
        "Upgrade:\r\n",
        "Connection: Upgrade\r\n",
        "TE: trailers\r\nConnection: TE\r\n",
        ":protocol: websocket\r\n",
        "Accept: text/event-stream\r\n",
        "Expect: 100-continue\r\n",
    ];

    private static readonly string[] Framings =
    [
        $"Content-Length: {Body.Length}\r\n\r\n{Body}",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nname\r\n7\r\n=attack\r\n0\r\n\r\n",
    ];

    public static TheoryData<BodyInspectionKind> Kinds => [BodyInspectionKind.Buffered, BodyInspectionKind.Window];

    [Theory, MemberData(nameof(Kinds))]
    public async Task Http1_EveryDisguise_IsBlockedOrRefused(BodyInspectionKind kind)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(kind));
        foreach (var method in Methods)
        {
            foreach (var disguise in Disguises)
            {
                foreach (var framing in Framings)
                {
                    var answer = await RawConnection.ExchangeAsync(
                        sidecar.Endpoint,
                        $"{method} /login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        + $"Connection: close\r\n{disguise}{framing}");

                    var shown = $"{method} {disguise} {answer}";
                    Assert.True(answer.Contains("HTTP/1.1 403", StringComparison.Ordinal)
                        || answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), shown);
                    Assert.True(upstream.Seen.IsEmpty, shown);
                }
            }
        }
    }

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+json")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpcx")]
    public async Task Http1_BodyThatCallsItselfACall_IsRead(string type)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS|REQUEST_BODY \"@contains attack\" \"id:1,phase:2,deny\""));
        using var client = sidecar.Client();
        using var content = new StringContent("{\"name\":\"attack\"}", Encoding.ASCII, type);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = content };
        request.Headers.TE.ParseAdd("trailers");

        using var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(upstream.Seen);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(400, "upgrade", "websocket")]
    [InlineData(400, "upgrade", "h2c")]
    [InlineData(403, "te", "trailers")]
    [InlineData(403, "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version", "13")]
    public async Task Http2_EveryDisguise_IsBlockedOrRefused(int expected, params string[] disguise)
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(BodyInspectionKind.Buffered));
        List<(string, string)> fields =
        [
            (":method", "POST"), (":scheme", "http"), (":path", "/login"), (":authority", "shop"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        fields.AddRange(disguise.Chunk(2).Select(pair => (pair[0], pair[1])));

        Assert.Equal(expected, await RawHttp2.SendAsync(sidecar.Endpoint, fields, Encoding.ASCII.GetBytes(Body)));
        Assert.Empty(upstream.Seen);
    }

    [Theory]
    [InlineData("websocket", "content-length", "11")]
    [InlineData("connect-udp", "x", "y")]
    [InlineData("webtransport", "x", "y")]
    public async Task Http2_TunnelThatIsNoWebSocket_IsRefused(string protocol, string name, string value)
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(BodyInspectionKind.Buffered));

        var status = await RawHttp2.SendAsync(
            sidecar.Endpoint,
            [
                (":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", "/login"),
                (":authority", "shop"), ("content-type", "application/x-www-form-urlencoded"), (name, value),
            ],
            Encoding.ASCII.GetBytes(Body));

        Assert.Contains(status, new[] { 0, 400 });
        Assert.Empty(upstream.Seen);
    }

    private static PolicyDocument Policy(BodyInspectionKind kind) => TestSidecar.Policy(InspectionMode.Enforce, Rules) with
    {
        Body = new BodyInspection { Mode = kind },
    };
}
