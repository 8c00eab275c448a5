using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Benchmarks.Proxy;

/// <summary>
/// The other processes of the proxy benchmark: an application, and YARP as its documentation shows direct forwarding.
/// </summary>
internal static class ProxyPart
{
    public static async Task<int> RunAsync(string part, string[] settings)
    {
        var port = int.Parse(settings[0], CultureInfo.InvariantCulture);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        if (part == "yarp") builder.Services.AddHttpForwarder();
        await using var app = builder.Build();
        if (part == "yarp") Forward(app, settings[1]);
        else app.Run(AnswerAsync);
        await app.RunAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        var body = Encoding.ASCII.GetBytes("{\"status\":\"fine\"}");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static void Forward(WebApplication app, string upstream)
    {
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        });
        app.Run(async context => await forwarder.SendAsync(context, upstream, client));
    }
}
