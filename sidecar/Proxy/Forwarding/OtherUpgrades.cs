using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Changes of HTTP/1.1 connections to protocols other than WebSocket, where a route allows them. The handshake is a
/// request like any other; what follows an answer of 101 is bytes that nobody here can read.
/// </summary>
internal static class OtherUpgrades
{
    /// <summary>The forwarder knows this one, but always makes a GET of it.</summary>
    private const string Spdy = "SPDY/";

    /// <summary>
    /// A request without a body that asks for one protocol, and for one that is allowed. What is allowed is in lower
    /// case.
    /// </summary>
    public static bool IsAllowed(HttpContext context, IReadOnlyList<string> allowed)
    {
        var request = context.Request;
        if (allowed.Count == 0 || request.Headers.Upgrade is not [{ } token]) return false;
        return HttpProtocol.IsHttp11(request.Protocol) && request.ContentLength is null or 0
            && request.Headers.TransferEncoding.Count == 0
            && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && allowed.Any(name => token.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// Whether a request asks for such a change, once <see cref="HopByHop.Drop"/> took out what may not.
    /// </summary>
    public static bool IsAsked(HttpContext context) =>
        context.Request.Headers.Upgrade.Count > 0 && !DuplexStreams.IsWebSocket(context);

    /// <summary>
    /// The forwarder leaves out what belongs to one hop; here it goes on, with the method as it came.
    /// </summary>
    public static void Restore(HttpContext context, HttpRequestMessage request)
    {
        if (!IsAsked(context)) return;
        var token = context.Request.Headers.Upgrade.ToString();
        request.Method = HttpMethod.Parse(context.Request.Method);
        if (token.StartsWith(Spdy, StringComparison.OrdinalIgnoreCase)) return;
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", token);
    }
}
