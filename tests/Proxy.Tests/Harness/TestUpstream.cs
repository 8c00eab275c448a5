using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WafOperator.Proxy.Tests.Harness;

/// <summary>An application behind the sidecar, on a real socket. It records what reached it.</summary>
internal sealed class TestUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestUpstream(WebApplication app) => _app = app;

    /// <summary>Requests that arrived, in order.</summary>
    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>Starts an application; without a handler it answers 200 with the text "fine".</summary>
    public static Task<TestUpstream> StartAsync(
        RequestDelegate? handler = null, HttpProtocols protocols = HttpProtocols.Http1, int port = 0) =>
        StartAsync(new IPEndPoint(IPAddress.Loopback, port), listen => listen.Protocols = protocols, handler);

    /// <summary>The same at another address, or with TLS.</summary>
    public static async Task<TestUpstream> StartAsync(
        IPEndPoint address, Action<ListenOptions> configure, RequestDelegate? handler = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.AddServerHeader = false;
            kestrel.RequestHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
            kestrel.Listen(address, configure);
        });
        var app = builder.Build();
        var upstream = new TestUpstream(app);
        app.UseWebSockets();
        app.Run(async context =>
        {
            var seen = SeenRequest.Of(context);
            upstream.Seen.Enqueue(seen);
            await (handler ?? AnswerAsync)(context);
        });
        await app.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        await context.Response.WriteAsync("fine");
    }
}

/// <summary>A request as the application saw it.</summary>
internal sealed record SeenRequest(string Method, string Target, string Protocol, IReadOnlyDictionary<string, string> Headers)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    public static SeenRequest Of(HttpContext context) => new(
        context.Request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Protocol,
        context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
}
