using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// How slow a body may come. While it is held for inspection it costs memory, and the server's least rate counts; once
/// it
/// streams through it costs a connection, which has a limit of its own, and how long to wait is the application's
/// choice.
/// </summary>
internal static class SlowBodies
{
    /// <summary>From here on the body may come as slowly as it likes.</summary>
    public static void Allow(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }) return;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }
}
