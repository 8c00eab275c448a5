using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Proxy.Listening;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>Sends requests on by YARP's forwarder, streaming both ways. Thread-safe.</summary>
internal sealed class StreamForwarder
{
    private readonly IHttpForwarder _forwarder;
    private readonly Func<UpstreamSettings> _settings;

    /// <param name="settings">How applications are reached, by the policy in force.</param>
    public StreamForwarder(ILoggerFactory logs, Func<UpstreamSettings> settings)
    {
        _settings = settings;
        var services = new ServiceCollection();
        services.AddSingleton(logs);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddHttpForwarder();
        _forwarder = services.BuildServiceProvider().GetRequiredService<IHttpForwarder>();
    }

    /// <summary>Forwards; failures become 502 or 504 without a body, unless the response has begun.</summary>
    public ValueTask<ForwarderError> ForwardAsync(
        HttpContext context, ProxyConnection connection, HttpTransformer transformer) =>
        ForwardAsync(context, connection, transformer, context.RequestAborted);

    /// <summary>The same, ended by a token of the caller's.</summary>
    public ValueTask<ForwarderError> ForwardAsync(
        HttpContext context, ProxyConnection connection, HttpTransformer transformer,
            CancellationToken cancellationToken)
    {
        SlowBodies.Allow(context);
        var upstream = connection.Upstream.By(_settings());
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
            return _forwarder.SendAsync(context, upstream.Origin, upstream.Invoker, upstream.Http1, transformer,
                cancellationToken);
        return ForwardHttp2Async(context, upstream, transformer, cancellationToken);
    }

    /// <summary>Forwards again what met a connection that the application was just closing.</summary>
    public async ValueTask<ForwarderError> RepeatAsync(
        HttpContext context, ProxyConnection connection, HttpTransformer transformer)
    {
        var error = ForwarderError.Request;
        for (var i = 0; i < ClosedConnections.RepeatsMax && ClosedConnections.MayRepeat(context, error); i++)
        {
            context.Response.Clear();
            context.Features.Set<IForwarderErrorFeature>(null);
            error = await ForwardAsync(context, connection, transformer);
        }

        return error;
    }

    private async ValueTask<ForwarderError> ForwardHttp2Async(
        HttpContext context, UpstreamRoute upstream, HttpTransformer transformer, CancellationToken cancellationToken)
    {
        var config = DuplexStreams.IsGrpc(context) ? upstream.Http2 : await upstream.Http2OrLowerAsync();
        var error = await _forwarder.SendAsync(
            context, upstream.OriginOf(config), upstream.Invoker, config, transformer, cancellationToken);
        if (error is ForwarderError.Request) upstream.Forget();
        return error;
    }
}
