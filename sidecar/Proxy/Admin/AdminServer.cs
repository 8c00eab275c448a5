using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Admin;

/// <summary>
/// The admin port: pages that are read only, over plain HTTP, on a server of its own, so that it answers while the data
/// plane drains. Anybody in the cluster may connect, and nobody may keep the node's probes away: connections are few,
/// fewer for each address, close after one answer or a few silent seconds, and the longest silent one makes room for a
/// new one.
/// </summary>
internal sealed class AdminServer : IHttpApplication<IFeatureCollection>, IDisposable
{
    private const int HeadBytesMax = 8 * 1024;

    private readonly AdminPages _pages;
    private readonly ConnectionTable _connections;
    private readonly KestrelServer _server;

    public AdminServer(IPEndPoint endpoint, AdminPages pages, ProxyLimits limits, AdminParts parts)
    {
        _pages = pages;
        _connections = new ConnectionTable(
            new ConnectionBounds(limits.AdminConnectionsMax, limits.AdminConnectionsPerPeerMax, limits.AdminIdleMax),
            parts.Time, parts.Meters);
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            ApplicationServices = new ServiceCollection().AddSingleton(parts.Logs).BuildServiceProvider(),
        };
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxRequestLineSize = HeadBytesMax;
        options.Limits.MaxRequestHeadersTotalSize = HeadBytesMax;
        options.Limits.MaxRequestBufferSize = HeadBytesMax;
        options.Limits.KeepAliveTimeout = limits.AdminIdleMax;
        options.Limits.RequestHeadersTimeout = limits.AdminIdleMax;
        options.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(_connections.Wrap);
        });
        _server = new KestrelServer(
            Options.Create(options),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), parts.Logs), parts.Logs);
    }

    /// <summary>Address that was bound.</summary>
    public Uri Address => new(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(this, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public void Dispose()
    {
        _server.Dispose();
        _connections.Dispose();
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures)
    {
        contextFeatures.Get<TrackedConnection>()?.RequestBegan();
        return contextFeatures;
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception) =>
        context.Get<TrackedConnection>()?.RequestEnded();

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        var page = _pages.Answer(
            request.Method, request.Path, request.Headers.Authorization,
            context.Get<IHttpConnectionFeature>()?.RemoteIpAddress);
        response.StatusCode = page.Status;
        response.Headers.ContentType = page.ContentType;
        response.Headers.ContentLength = page.Body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.Connection = "close";
        if (!HttpMethods.IsHead(request.Method))
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Stream.WriteAsync(page.Body);
    }
}

/// <summary>What the admin server shares with the rest of the sidecar.</summary>
internal sealed record AdminParts(TimeProvider Time, Telemetry.SidecarMeters Meters, ILoggerFactory Logs);
