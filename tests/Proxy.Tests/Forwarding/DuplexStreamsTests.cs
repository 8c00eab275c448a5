using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// A stream in both directions is one by its protocol; each part of the handshake that lacks makes it an ordinary
/// request.
/// </summary>
public sealed class DuplexStreamsTests
{
    public static TheoryData<string, Action<HttpContext>> NotWebSockets => new()
    {
        { "POST", c => c.Request.Method = "POST" },
        { "HEAD", c => c.Request.Method = "HEAD" },
        { "HTTP/1.0", c => c.Request.Protocol = "HTTP/1.0" },
        { "HTTP/2", c => c.Request.Protocol = "HTTP/2" },
        { "no version", c => c.Request.Headers.Remove("Sec-WebSocket-Version") },
        { "old version", c => c.Request.Headers.SecWebSocketVersion = "8" },
        { "two versions", c => c.Request.Headers.SecWebSocketVersion = new(["13", "13"]) },
        { "no key", c => c.Request.Headers.Remove("Sec-WebSocket-Key") },
        { "empty key", c => c.Request.Headers.SecWebSocketKey = "" },
        { "another protocol", c => c.Request.Headers.Upgrade = "h2c" },
        { "two protocols", c => c.Request.Headers.Upgrade = new(["websocket", "h2c"]) },
        { "a length", c => c.Request.ContentLength = 5 },
        { "chunks", c => c.Request.Headers.TransferEncoding = "chunked" },
        { "a server that cannot", c => c.Features.Set<IHttpUpgradeFeature>(new Handshakes.UpgradeFeature(false)) },
        { "a server without upgrades", c => c.Features.Set<IHttpUpgradeFeature>(null) },
    };

    public static TheoryData<string, Action<HttpContext>> NotGrpc => new()
    {
        { "HTTP/1.1", c => c.Request.Protocol = "HTTP/1.1" },
        { "GET", c => c.Request.Method = "GET" },
        { "PUT", c => c.Request.Method = "PUT" },
        { "no te", c => c.Request.Headers.Remove("TE") },
        { "another te", c => c.Request.Headers.TE = "gzip" },
        { "two te", c => c.Request.Headers.TE = new(["trailers", "gzip"]) },
        { "grpc-web", c => c.Request.Headers.ContentType = "application/grpc-web" },
        { "grpc-web+proto", c => c.Request.Headers.ContentType = "application/grpc-web+proto" },
        { "a longer name", c => c.Request.Headers.ContentType = "application/grpcx" },
        { "json first", c => c.Request.Headers.ContentType = "application/json; application/grpc" },
        { "two types", c => c.Request.Headers.ContentType = new(["application/grpc", "application/json"]) },
        { "no type", c => c.Request.Headers.Remove("Content-Type") },
    };

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("Application/GRPC; charset=utf-8")]
    [InlineData("application/grpc ; x=y")]
    public void IsDuplex_GrpcOverHttp2_Is(string type)
    {
        var context = Handshakes.Grpc();
        context.Request.Headers.ContentType = type;

        Assert.True(DuplexStreams.IsDuplex(context));
    }

    [Theory, MemberData(nameof(NotGrpc))]
    public void IsDuplex_WithOnePartOfACallLacking_IsNot(string lacking, Action<HttpContext> take)
    {
        var context = Handshakes.Grpc();
        take(context);

        Assert.False(DuplexStreams.IsDuplex(context), lacking);
    }

    [Fact]
    public void IsDuplex_WholeHandshake_Is()
    {
        Assert.True(DuplexStreams.IsDuplex(Handshakes.WebSocket()));
        Assert.True(DuplexStreams.IsDuplex(Handshakes.WebSocketOverHttp2()));
    }

    [Theory, MemberData(nameof(NotWebSockets))]
    public void IsDuplex_WithOnePartOfTheHandshakeLacking_IsNot(string lacking, Action<HttpContext> take)
    {
        var context = Handshakes.WebSocket();
        take(context);

        Assert.False(DuplexStreams.IsDuplex(context), lacking);
        HopByHop.Drop(context);
        Assert.Equal(0, context.Request.Headers.Upgrade.Count);
    }

    [Fact]
    public void IsForbidden_TunnelsThatAreNoWebSocketAndUpgradesOfHttp2_Are()
    {
        var tunnel = Handshakes.WebSocketOverHttp2();
        Assert.False(DuplexStreams.IsForbidden(tunnel));
        tunnel.Features.Set<IHttpExtendedConnectFeature>(new Handshakes.ConnectFeature(true, "connect-udp"));
        Assert.True(DuplexStreams.IsForbidden(tunnel));
        tunnel.Features.Set<IHttpExtendedConnectFeature>(new Handshakes.ConnectFeature(false, null));
        Assert.True(DuplexStreams.IsForbidden(tunnel));
        var declared = Handshakes.WebSocketOverHttp2();
        declared.Request.ContentLength = 1;
        Assert.True(DuplexStreams.IsForbidden(declared));

        var upgrade = Handshakes.Grpc();
        Assert.False(DuplexStreams.IsForbidden(upgrade));
        upgrade.Request.Headers.Upgrade = "websocket";
        Assert.True(DuplexStreams.IsForbidden(upgrade));
        Assert.False(DuplexStreams.IsForbidden(Handshakes.WebSocket()));
    }
}
