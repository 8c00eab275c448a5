using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace WafOperator.Proxy.Admin;

/// <summary>A page of the admin port.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Content type.</param>
/// <param name="Body">Body, UTF-8.</param>
internal readonly record struct AdminPage(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public static AdminPage Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text + "\n"));
}

/// <summary>
/// The admin port: pages that are read only, over plain HTTP, on a server of its own, so that it answers while the data
/// plane drains.
/// </summary>
internal sealed class AdminServer : IHttpApplication<IFeatureCollection>, IDisposable
{
    private readonly IReadOnlyDictionary<string, Func<AdminPage>> _pages;
    private readonly KestrelServer _server;

    public AdminServer(IPEndPoint endpoint, IReadOnlyDictionary<string, Func<AdminPage>> pages, ILoggerFactory logs)
    {
        _pages = pages;
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            ApplicationServices = new ServiceCollection().AddSingleton(logs).BuildServiceProvider(),
        };
        options.Limits.MaxConcurrentConnections = 256;
        options.Limits.MaxRequestBodySize = 0;
        options.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        _server = new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), logs), logs);
    }

    /// <summary>Address that was bound.</summary>
    public Uri Address => new(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(this, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public void Dispose() => _server.Dispose();

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        var isGet = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        var page = !isGet ? AdminPage.Text(405, "only GET")
            : _pages.TryGetValue(request.Path, out var make) ? make()
            : AdminPage.Text(404, "there are: " + string.Join(' ', _pages.Keys));
        response.StatusCode = page.Status;
        response.Headers.ContentType = page.ContentType;
        response.Headers.ContentLength = page.Body.Length;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(request.Method))
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Stream.WriteAsync(page.Body);
    }
}
