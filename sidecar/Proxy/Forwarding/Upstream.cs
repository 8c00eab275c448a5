using System.Net;
using System.Text;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>The application behind one listener: its origin and the connections to it. Thread-safe.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly PriorKnowledgeProbe _probe;
    private readonly ForwarderRequestConfig _negotiated;
    private readonly bool _isSecure;

    public Upstream(Uri origin, ProxyLimits limits, TimeProvider time)
    {
        Origin = origin.GetLeftPart(UriPartial.Authority);
        Invoker = new HttpMessageInvoker(new PromptContent.Handler(CreateHandler(limits)), disposeHandler: true);
        Http1 = new ForwarderRequestConfig
        {
            ActivityTimeout = limits.SilenceMax, Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Http2 = Http1 with { Version = HttpVersion.Version20 };
        _negotiated = Http2 with { VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        _probe = new PriorKnowledgeProbe(origin, limits, time);
        _isSecure = origin.Scheme == Uri.UriSchemeHttps;
    }

    /// <summary>Scheme, host and port, without a trailing slash.</summary>
    public string Origin { get; }

    public HttpMessageInvoker Invoker { get; }

    /// <summary>For clients that speak HTTP/1.</summary>
    public ForwarderRequestConfig Http1 { get; }

    /// <summary>For calls that exist over HTTP/2 only: gRPC.</summary>
    public ForwarderRequestConfig Http2 { get; }

    /// <summary>
    /// For clients that speak HTTP/2: the same where the application speaks it too, else HTTP/1.1. With TLS the
    /// handshake
    /// tells, without it the application is asked once.
    /// </summary>
    public async ValueTask<ForwarderRequestConfig> Http2OrLowerAsync()
    {
        if (_isSecure) return _negotiated;
        return await _probe.SpeaksHttp2Async() ? Http2 : Http1;
    }

    /// <summary>A request could not be sent: what is known of the application is asked anew.</summary>
    public void Forget() => _probe.Forget();

    public void Dispose() => Invoker.Dispose();

    /// <summary>
    /// A handler that adds nothing: no cookies, no redirects, no decompression, no proxy, no tracing headers; bytes of
    /// headers as they are.
    /// </summary>
    private static SocketsHttpHandler CreateHandler(ProxyLimits limits) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        ConnectCallback = UpstreamConnection.ConnectAsync,
        ConnectTimeout = limits.ConnectWithin,
        PooledConnectionIdleTimeout = limits.UpstreamIdleMax,
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        MaxResponseHeadersLength = 96,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };
}
