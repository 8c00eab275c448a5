using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// A request that was sent on a connection which the application closed at that moment, for being idle, was not
/// answered
/// and is sent again where that is safe (RFC 9110, section 9.2.2): idempotent methods without a body.
/// </summary>
internal static class ClosedConnections
{
    /// <summary>Times a request is sent again: a second idle connection may be as old as the first.</summary>
    public const int RepeatsMax = 2;

    public static bool MayRepeat(HttpContext context, ForwarderError error) =>
        error is ForwarderError.Request && !context.Response.HasStarted
            && !context.RequestAborted.IsCancellationRequested
        && IsIdempotent(context.Request.Method)
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }
        && context.Features.Get<IForwarderErrorFeature>()?.Exception is { } failure && IsClosing(failure);

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
        || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method) || HttpMethods.IsTrace(method);

    /// <summary>The connection ended before a byte of an answer; that none could be made is another matter.</summary>
    private static bool IsClosing(Exception failure)
    {
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }) return false;
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }) return true;
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown
                or SocketError.ConnectionAborted }) return true;
        }

        return false;
    }
}
