using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WafOperator.Listening;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Listening;

/// <summary>
/// The web server of the data plane: all listeners, HTTP/1 and HTTP/2 on each, limits from one record.
/// </summary>
internal sealed class ProxyServer : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly SharedPortTransport _transport;
    private readonly List<Upstream> _upstreams = [];
    private readonly ServerRefusals _refusals;
    private readonly KestrelServerLimits _limits;
    private readonly ProxyLimits _defaults;

    public ProxyServer(
        IReadOnlyList<ProxyListener> listeners, ProxyLimits limits, ConnectionTable connections, TimeProvider time,
        ServerRefusals refusals)
    {
        _refusals = refusals;
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            AllowSynchronousIO = false,
            AllowAlternateSchemes = true,
            AllowResponseHeaderCompression = false,
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
            ApplicationServices = new ServiceCollection().AddSingleton<ILoggerFactory>(refusals).BuildServiceProvider(),
        };
        _limits = options.Limits;
        _defaults = limits;
        Limit(_limits, limits);
        foreach (var listener in listeners) Listen(options, listener, limits, (connections, time));
        var sockets = new SocketTransportOptions { Backlog = 1024, UnsafePreferInlineScheduling = true };
        _transport = new SharedPortTransport(new SocketTransportFactory(Options.Create(sockets), refusals));
        _server = new KestrelServer(Options.Create(options), _transport, refusals);
    }

    /// <summary>Endpoints in the order of the listeners, with the ports that were taken.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints => _transport.Bound;

    public Task StartAsync(Func<ProxyContext, Task> process, CancellationToken cancellationToken) =>
        _server.StartAsync(new ProxyApplication(process), cancellationToken);

    /// <summary>
    /// Stops accepting, lets requests in flight end, and cuts those that are left when the token fires.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        foreach (var upstream in _upstreams) upstream.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Listen(
        KestrelServerOptions options, ProxyListener listener, ProxyLimits limits,
        (ConnectionTable Table, TimeProvider Time) connections)
    {
        var upstream = new Upstream(listener.Upstream, limits, connections.Time);
        _upstreams.Add(upstream);
        var http2 = new PriorKnowledgeEndPoint(listener.Name);
        var sniffer = new PrefaceSniffer(http2, limits.FirstByteWithin, connections.Time);
        options.Listen(listener.Endpoint, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(connections.Table.Wrap);
            endpoint.Use(sniffer.Wrap);
            endpoint.Use(Attach);
        });
        options.Listen(http2, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            endpoint.Use(Attach);
        });

        ConnectionDelegate Attach(ConnectionDelegate next) => async connection =>
        {
            var attached = new ProxyConnection(connection, upstream, listener.IsForGateways);
            connection.Features.Set(attached);
            _refusals.Opened(connection.ConnectionId, attached);
            try
            {
                await next(connection);
            }
            finally
            {
                _refusals.Closed(connection.ConnectionId);
            }
        };
    }

    /// <summary>
    /// Bounds heads as a policy says, or by the server's own limits where it says nothing. Connections that are open have
    /// what was in force when their last request ended, for one more request; those of HTTP/2 what was in force when they
    /// began, for single fields.
    /// </summary>
    public void LimitHeads(HeadLimits? heads) => Limit(_limits, _defaults, heads);

    private static void Limit(KestrelServerLimits server, ProxyLimits limits, HeadLimits? heads)
    {
        var bytes = heads?.Bytes ?? limits.HeaderBytesMax;
        server.MaxRequestLineSize = heads?.LineBytes ?? limits.RequestLineBytesMax;
        server.MaxRequestHeadersTotalSize = bytes;
        server.MaxRequestHeaderCount = heads?.Lines ?? limits.HeadersMax;
        server.Http2.MaxRequestHeaderFieldSize = bytes;
        // The server does not start where a head would not fit into it.
        server.MaxRequestBufferSize = Math.Max(
            limits.RequestBufferBytesMax, Math.Max(bytes, server.MaxRequestLineSize));
    }

    private static void Limit(KestrelServerLimits server, ProxyLimits limits)
    {
        Limit(server, limits, heads: null);
        // The table of connections decides who makes room; the server would only refuse.
        server.MaxConcurrentConnections = null;
        server.MaxConcurrentUpgradedConnections = limits.UpgradedConnectionsMax;
        server.RequestHeadersTimeout = limits.HeadersWithin;
        server.KeepAliveTimeout = limits.IdleConnectionMax;
        server.MinRequestBodyDataRate = new MinDataRate(limits.BodyBytesPerSecondMin, limits.SlowBodyGrace);
        server.MinResponseDataRate = null;
        // Body limits are the policy's, per route; a pass-through has none.
        server.MaxRequestBodySize = null;
        server.Http2.MaxStreamsPerConnection = limits.StreamsPerConnectionMax;
        const int WindowBytesMin = 65_535;
        server.Http2.InitialConnectionWindowSize = Math.Max(limits.RequestBufferBytesMax, WindowBytesMin);
        server.Http2.InitialStreamWindowSize = Math.Max(limits.RequestBufferBytesMax * 3 / 4, WindowBytesMin);
    }
}
