using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>Requests that are streams in both directions, as the web server hands them out.</summary>
internal static class Handshakes
{
    public static DefaultHttpContext WebSocket()
    {
        var context = new DefaultHttpContext();
        var request = context.Request;
        (request.Method, request.Protocol) = ("GET", "HTTP/1.1");
        request.Headers.Connection = "Upgrade";
        request.Headers.Upgrade = "websocket";
        request.Headers.SecWebSocketVersion = "13";
        request.Headers.SecWebSocketKey = "dGhlIHNhbXBsZSBub25jZQ==";
        context.Features.Set<IHttpUpgradeFeature>(new UpgradeFeature(true));
        return context;
    }

    public static DefaultHttpContext WebSocketOverHttp2()
    {
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Protocol) = ("CONNECT", "HTTP/2");
        context.Features.Set<IHttpExtendedConnectFeature>(new ConnectFeature(true, "websocket"));
        return context;
    }

    public static DefaultHttpContext Grpc()
    {
        var context = new DefaultHttpContext();
        var request = context.Request;
        (request.Method, request.Protocol) = ("POST", "HTTP/2");
        request.Headers.ContentType = "application/grpc";
        request.Headers.TE = "trailers";
        return context;
    }

    internal sealed record UpgradeFeature(bool IsUpgradableRequest) : IHttpUpgradeFeature
    {
        public Task<Stream> UpgradeAsync() => Task.FromResult(Stream.Null);
    }

    internal sealed record ConnectFeature(bool IsExtendedConnect, string? Protocol) : IHttpExtendedConnectFeature
    {
        public ValueTask<Stream> AcceptAsync() => ValueTask.FromResult(Stream.Null);
    }
}
