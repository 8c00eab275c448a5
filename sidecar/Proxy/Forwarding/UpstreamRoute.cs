using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Text;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// The way to an application under one set of settings: origins, connections, and what is known of its protocols.
/// Thread-safe.
/// </summary>
internal sealed class UpstreamRoute : IDisposable
{
    private readonly EndPoint _application;
    private readonly PriorKnowledgeProbe _probe;
    private readonly string _secureOrigin;
    private readonly string? _serverName;
    private readonly UpstreamTrust? _trust;

    public UpstreamRoute(Uri origin, UpstreamSettings settings, ProxyLimits limits, TimeProvider time)
    {
        Settings = settings;
        var isSecure = origin.Scheme == Uri.UriSchemeHttps;
        _application = settings.Address is { } address ? new IPEndPoint(address, origin.Port)
            : IPAddress.TryParse(origin.DnsSafeHost, out var own) ? new IPEndPoint(own, origin.Port)
            : new DnsEndPoint(origin.DnsSafeHost, origin.Port);
        if (isSecure || settings.SpeaksTls(origin.Port))
        {
            _serverName = settings.ServerName ?? origin.DnsSafeHost;
            _trust = settings.Trust ?? new UpstreamTrust(takesAny: false, null, time);
        }

        // Without a name in the scheme's place: TLS is the connection's matter, and one pool serves all Hosts.
        Origin = string.Create(CultureInfo.InvariantCulture, $"http://{HostOf(_application)}:{origin.Port}");
        var name = _serverName ?? origin.Host;
        _secureOrigin = string.Create(CultureInfo.InvariantCulture, $"https://{name}:{origin.Port}");
        Invoker = new HttpMessageInvoker(new PromptContent.Handler(CreateHandler(limits)), disposeHandler: true);
        Http1 = new ForwarderRequestConfig
        {
            ActivityTimeout = limits.SilenceMax, Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Http2 = Http1 with { Version = HttpVersion.Version20 };
        _probe = new PriorKnowledgeProbe(_application, limits, time);
    }

    public UpstreamSettings Settings { get; }

    /// <summary>Of requests in HTTP/1.1, and of those in HTTP/2 without TLS; no trailing slash.</summary>
    public string Origin { get; }

    public HttpMessageInvoker Invoker { get; }

    /// <summary>For clients that speak HTTP/1.</summary>
    public ForwarderRequestConfig Http1 { get; }

    /// <summary>For calls that exist over HTTP/2 only: gRPC.</summary>
    public ForwarderRequestConfig Http2 { get; }

    /// <summary>The origin for a request that is sent this way.</summary>
    public string OriginOf(ForwarderRequestConfig config) =>
        _trust is not null && ReferenceEquals(config, Http2) ? _secureOrigin : Origin;

    /// <summary>
    /// For clients that speak HTTP/2: the same where the application speaks it without TLS, which is asked once, else
    /// HTTP/1.1.
    /// </summary>
    public async ValueTask<ForwarderRequestConfig> Http2OrLowerAsync() =>
        _trust is null && await _probe.SpeaksHttp2Async() ? Http2 : Http1;

    /// <summary>A request could not be sent: what is known of the application is asked anew.</summary>
    public void Forget() => _probe.Forget();

    public void Dispose() => Invoker.Dispose();

    private static string HostOf(EndPoint application) => application switch
    {
        IPEndPoint { Address: { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } address } =>
            $"[{address}]",
        IPEndPoint numbered => numbered.Address.ToString(),
        _ => ((DnsEndPoint)application).Host,
    };

    /// <summary>
    /// A handler that adds nothing: no cookies, no redirects, no decompression, no proxy, no tracing headers; bytes of
    /// headers as they are.
    /// </summary>
    private SocketsHttpHandler CreateHandler(ProxyLimits limits) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        ConnectCallback = ConnectAsync,
        ConnectTimeout = limits.ConnectWithin,
        PooledConnectionIdleTimeout = Settings.IdleMax ?? limits.UpstreamIdleMax,
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        MaxResponseHeadersLength = 96,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };

    private async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var connection = await UpstreamConnection.ConnectAsync(_application, cancellationToken);
        if (_trust is null) return connection;
        var stream = new SslStream(connection);
        try
        {
            var protocol = context.InitialRequestMessage.Version == HttpVersion.Version20
                ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11;
            await stream.AuthenticateAsClientAsync(_trust.Options(_serverName!, protocol), cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }
}
