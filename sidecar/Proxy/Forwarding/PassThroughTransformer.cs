using System.Net;
using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Forwards a request as it came: target, Host and headers unchanged. Only hop-by-hop fields end here (YARP drops
/// them), and the peer is appended to X-Forwarded-For, as every proxy does: what stands left of it is the peer's word.
/// One per connection, without state of a request.
/// </summary>
internal class PassThroughTransformer(ProxyConnection connection) : HttpTransformer
{
    private const string ForwardedFor = "X-Forwarded-For";

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
    {
        var copied = base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (!copied.IsCompletedSuccessfully) return FinishAsync(copied, httpContext, proxyRequest, destinationPrefix);
        Finish(httpContext, proxyRequest, destinationPrefix);
        return ValueTask.CompletedTask;
    }

    public override ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = CopyHeadAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is null || !copied.IsCompletedSuccessfully || !copied.Result) return copied;
        var sent = SendHeadAsync(httpContext, proxyResponse, cancellationToken);
        return sent.IsCompletedSuccessfully ? ValueTask.FromResult(true) : TrueAfterAsync(sent);
    }

    /// <summary>Status and headers of the application's response, without those that end here.</summary>
    protected ValueTask<bool> CopyHeadAsync(
        HttpContext context, HttpResponseMessage? response, CancellationToken cancellationToken)
    {
        var copied = base.TransformResponseAsync(context, response, cancellationToken);
        // The server sends trailers over HTTP/2 only: elsewhere none are announced.
        var headers = context.Response.Headers;
        if (headers.Trailer.Count > 0 && !HttpProtocol.IsHttp2(context.Request.Protocol)) headers.Remove("Trailer");
        return copied;
    }

    /// <summary>Lets the head go if the body is not there yet. An upgrade sends its own.</summary>
    protected static ValueTask SendHeadAsync(
        HttpContext context, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.SwitchingProtocols || HttpMethods.IsConnect(context.Request.Method))
            return ValueTask.CompletedTask;
        return ResponseHead.SendAsync(context, response, cancellationToken);
    }

    private static async ValueTask<bool> TrueAfterAsync(ValueTask sent)
    {
        await sent;
        return true;
    }

    private async ValueTask FinishAsync(
        ValueTask copied, HttpContext context, HttpRequestMessage request, string origin)
    {
        await copied;
        Finish(context, request, origin);
    }

    /// <param name="origin">Of the application, as the forwarder was told: it may change between two requests.</param>
    private void Finish(HttpContext context, HttpRequestMessage request, string origin)
    {
        request.RequestUri = RequestTarget.At(origin, RequestTarget.Of(context)!);
        if (Upstream.NamesItself(origin)) request.Headers.Host = null;
        if (context.Request.Headers.Upgrade.Count > 0) OtherUpgrades.Restore(context, request);
        request.Headers.TryAddWithoutValidation(ForwardedFor, connection.PeerText);
    }
}
