using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Forwards a request as it came: target, Host and headers unchanged. Only hop-by-hop fields end here (YARP drops
/// them), and X-Forwarded-For names the peer where nobody has written it. One per connection, without state of a
/// request.
/// </summary>
internal class PassThroughTransformer(ProxyConnection connection) : HttpTransformer
{
    private const string ForwardedFor = "X-Forwarded-For";

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        var copied = base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (!copied.IsCompletedSuccessfully) return FinishAsync(copied, httpContext, proxyRequest);
        Finish(httpContext, proxyRequest);
        return ValueTask.CompletedTask;
    }

    private async ValueTask FinishAsync(ValueTask copied, HttpContext context, HttpRequestMessage request)
    {
        await copied;
        Finish(context, request);
    }

    private void Finish(HttpContext context, HttpRequestMessage request)
    {
        request.RequestUri = RequestTarget.At(connection.Upstream.Origin, RequestTarget.Of(context)!);
        if (!request.Headers.NonValidated.Contains(ForwardedFor))
            request.Headers.TryAddWithoutValidation(ForwardedFor, connection.PeerText);
    }
}
