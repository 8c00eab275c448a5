using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Requests whose body goes on while the answer is already coming: gRPC, WebSocket over either protocol. Waiting for
/// their
/// end would be a deadlock, so less of them is inspected; therefore a request is one only when its protocol makes it
/// one.
/// A header alone never does.
/// </summary>
internal static class DuplexStreams
{
    private const string WebSocket = "websocket";
    private const string WebSocketVersion = "13";
    private const string Grpc = "application/grpc";

    public static bool IsDuplex(HttpContext context) => IsWebSocket(context) || IsGrpc(context);

    /// <summary>
    /// An opening handshake that the server can carry out: a GET over HTTP/1.1 without a body and with all that RFC
    /// 6455
    /// wants (section 4.2.1), or an extended CONNECT (RFC 8441).
    /// </summary>
    public static bool IsWebSocket(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method)) return IsExtendedConnect(context);
        var headers = request.Headers;
        return headers.Upgrade.Count > 0 && HttpMethods.IsGet(request.Method) && HttpProtocol.IsHttp11(request.Protocol)
            && headers.Upgrade is [{ } token] && token.Equals(WebSocket, StringComparison.OrdinalIgnoreCase)
            && headers.SecWebSocketVersion is [WebSocketVersion] && headers.SecWebSocketKey is [{ Length: > 0 }]
            && request.ContentLength is null or 0 && headers.TransferEncoding.Count == 0
            && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
    }

    /// <summary>
    /// Asks for another protocol where the server has none to change to: a field that HTTP/2 forbids (RFC 9113, section
    /// 8.2.2), or a tunnel that is no WebSocket. An application that took it at its word would read other messages than
    /// were inspected.
    /// </summary>
    public static bool IsForbidden(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method)) return !IsExtendedConnect(context);
        return request.Headers.Upgrade.Count > 0 && !HttpProtocol.IsHttp11(request.Protocol)
            && !HttpProtocol.IsHttp10(request.Protocol);
    }

    /// <summary>What every gRPC client sends; over HTTP/1.1 there is no gRPC, whatever the type says.</summary>
    public static bool IsGrpc(HttpContext context)
    {
        var request = context.Request;
        return HttpProtocol.IsHttp2(request.Protocol) && HttpMethods.IsPost(request.Method)
            && request.Headers.ContentType is [{ } type] && IsGrpcType(type)
            && request.Headers.TE is [{ } encodings] && encodings.Trim().Equals("trailers",
                StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsExtendedConnect(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: { } protocol }
        && protocol.Equals(WebSocket, StringComparison.OrdinalIgnoreCase) && context.Request.ContentLength is null
        && context.Request.Headers.Upgrade.Count == 0;

    /// <summary>
    /// The type itself, with a suffix (<c>+proto</c>) or with parameters; not one that only begins like it.
    /// </summary>
    private static bool IsGrpcType(string type) =>
        type.StartsWith(Grpc, StringComparison.OrdinalIgnoreCase)
        && (type.Length == Grpc.Length || type[Grpc.Length] is '+' or ';' or ' ' or '\t');
}
