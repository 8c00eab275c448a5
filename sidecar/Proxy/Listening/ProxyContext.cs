using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Proxy.Gateways;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Listening;

/// <summary>One request in flight. Kept by the server for the next request of the same connection or stream.</summary>
internal sealed class ProxyContext(IFeatureCollection features)
{
    private ProxyConnection? _connection;

    public DefaultHttpContext Http { get; } = new(features);

    /// <summary>The request's span, or null where it is not traced.</summary>
    public RequestSpan? Span { get; set; }

    /// <summary>What a gateway asks about; null for requests that came here to be forwarded.</summary>
    public GatewayQuestion? Question { get; set; }

    /// <summary>The client connection.</summary>
    public ProxyConnection Connection => _connection ??= Http.Features.GetRequiredFeature<ProxyConnection>();
}

/// <summary>
/// The program as the web server sees it. Directly on the server, without the hosting layer's activity, scope and
/// service provider of each request: they cost more than a pass-through may add.
/// </summary>
internal sealed class ProxyApplication(Func<ProxyContext, Task> process) : IHttpApplication<ProxyContext>
{
    public ProxyContext CreateContext(IFeatureCollection contextFeatures)
    {
        var context = ContextFor(contextFeatures);
        context.Connection.Tracked.RequestBegan();
        return context;
    }

    public Task ProcessRequestAsync(ProxyContext context) => process(context);

    public void DisposeContext(ProxyContext context, Exception? exception)
    {
        context.Connection.Tracked.RequestEnded();
        context.Http.Uninitialize();
    }

    private static ProxyContext ContextFor(IFeatureCollection features)
    {
        if (features is not IHostContextContainer<ProxyContext> container) return new ProxyContext(features);
        if (container.HostContext is not { } kept) return container.HostContext = new ProxyContext(features);
        kept.Http.Initialize(features);
        return kept;
    }
}
