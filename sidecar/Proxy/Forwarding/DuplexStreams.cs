using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace WafOperator.Proxy.Forwarding;

/// <summary>Requests whose body goes on while the answer is already coming: gRPC, WebSocket over either protocol.</summary>
internal static class DuplexStreams
{
    public static bool IsDuplex(HttpContext context)
    {
        if (context.Request.Headers.Upgrade.Count > 0 || IsGrpc(context)) return true;
        return context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect is true;
    }

    /// <summary>A call may be silent for as long as it likes: slow is not hostile here.</summary>
    public static void AllowSilence(HttpContext context)
    {
        if (IsGrpc(context) && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    private static bool IsGrpc(HttpContext context) =>
        context.Request.Headers.ContentType is [{ } type, ..] && type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase);
}
