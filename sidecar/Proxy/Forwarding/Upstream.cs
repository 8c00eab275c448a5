using System.Net;
using System.Text;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>The application behind one listener: its origin and the connections to it. Thread-safe.</summary>
internal sealed class Upstream : IDisposable
{
    public Upstream(Uri origin, ProxyLimits limits)
    {
        Origin = origin.GetLeftPart(UriPartial.Authority);
        Invoker = new HttpMessageInvoker(CreateHandler(limits), disposeHandler: true);
        Http1 = new ForwarderRequestConfig
        {
            ActivityTimeout = limits.SilenceMax, Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Http2 = Http1 with { Version = HttpVersion.Version20 };
    }

    /// <summary>Scheme, host and port, without a trailing slash.</summary>
    public string Origin { get; }

    public HttpMessageInvoker Invoker { get; }

    /// <summary>For clients that speak HTTP/1.</summary>
    public ForwarderRequestConfig Http1 { get; }

    /// <summary>For clients that speak HTTP/2, which on a port without TLS the application must then speak as well.</summary>
    public ForwarderRequestConfig Http2 { get; }

    public void Dispose() => Invoker.Dispose();

    /// <summary>A handler that adds nothing: no cookies, no redirects, no decompression, no proxy, no tracing headers; bytes of headers as they are.</summary>
    private static SocketsHttpHandler CreateHandler(ProxyLimits limits) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        ConnectTimeout = limits.ConnectWithin,
        PooledConnectionIdleTimeout = limits.UpstreamIdleMax,
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        MaxResponseHeadersLength = 96,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };
}
