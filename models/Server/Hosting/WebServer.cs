using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WafOperator.Listening;

namespace WafOperator.Models.Server.Hosting;

/// <summary>The port of a server, known once it listens.</summary>
internal sealed class SharedPort(SharedPortTransport transport)
{
    public IPEndPoint Endpoint => transport.Bound[0];
}

/// <summary>Kestrel with HTTP/1.1 and HTTP/2 on one port without TLS, and with bounds.</summary>
internal static class WebServer
{
    private const int ConnectionsMax = 4_096;
    private const int StreamsPerConnectionMax = 512;
    private const int HeaderBytesMax = 16 << 10;

    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(2);

    public static (WebApplication Web, SharedPort Port) Build(
        ServerOptions options, TimeProvider time, ILoggerFactory logs)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        var transport = new SharedPortTransport(
            new SocketTransportFactory(Options.Create(new SocketTransportOptions { Backlog = 1024 }), logs));
        builder.Services.AddSingleton<IConnectionListenerFactory>(transport);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowResponseHeaderCompression = false;
            Limit(kestrel.Limits, options);
            var http2 = new PriorKnowledgeEndPoint("inference");
            var sniffer = new PrefaceSniffer(http2, IdleMax, time);
            kestrel.Listen(EndpointOf(options.Listen), endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                endpoint.Use(sniffer.Wrap);
            });
            kestrel.Listen(http2, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        return (builder.Build(), new SharedPort(transport));
    }

    private static IPEndPoint EndpointOf(Uri listen)
    {
        var address = listen.Host is "localhost" ? IPAddress.Loopback : IPAddress.Parse(listen.Host.Trim('[', ']'));
        return new IPEndPoint(address, listen.Port);
    }

    private static void Limit(KestrelServerLimits limits, ServerOptions options)
    {
        limits.MaxRequestBodySize = options.Requests.BodyBytesMax;
        limits.MaxRequestBufferSize = 1 << 20;
        limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxConcurrentConnections = ConnectionsMax;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = IdleMax;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnectionMax;
        limits.Http2.MaxRequestHeaderFieldSize = HeaderBytesMax;
        limits.Http2.InitialConnectionWindowSize = 4 << 20;
    }
}
