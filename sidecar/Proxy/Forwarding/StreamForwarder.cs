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

    public StreamForwarder(ILoggerFactory logs)
    {
        var services = new ServiceCollection();
        services.AddSingleton(logs);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddHttpForwarder();
        _forwarder = services.BuildServiceProvider().GetRequiredService<IHttpForwarder>();
    }

    /// <summary>Forwards; failures become 502 or 504 without a body, unless the response has begun.</summary>
    public ValueTask<ForwarderError> ForwardAsync(HttpContext context, ProxyConnection connection, HttpTransformer transformer)
    {
        DuplexStreams.AllowSilence(context);
        var upstream = connection.Upstream;
        var config = HttpProtocol.IsHttp2(context.Request.Protocol) ? upstream.Http2 : upstream.Http1;
        return _forwarder.SendAsync(context, upstream.Origin, upstream.Invoker, config, transformer, context.RequestAborted);
    }
}
