using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Controllers.Models;
using WafOperator.Outside;

namespace WafOperator.Controllers.Tests.Outside;

/// <summary>The operator's client for what is outside, with the rules of a test, and servers to call.</summary>
internal sealed class TestOutside : ILogger<OutsideHttp>, IDisposable
{
    private readonly OutsideConnections _connections;
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-outside-").FullName;

    private TestOutside(OutsideConnections connections)
    {
        _connections = connections;
        Http = new OutsideHttp(connections, TimeProvider.System, this);
        Transport = new ArtifactTransport(Http, _folder);
    }

    public OutsideHttp Http { get; }

    public ArtifactTransport Transport { get; }

    /// <summary>What an administrator can read.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Files that fetches left behind.</summary>
    public IEnumerable<string> Files => Directory.EnumerateFiles(_folder);

    /// <summary>Loopback is listed, as an administrator may list it.</summary>
    public static TestOutside Loopback(OutsideLimits? limits, params string[] addresses) => With(
        OutsideRules.Parse(addresses.Select(AuthorityOf), ["127.0.0.0/8"]),
        limits);

    public static TestOutside With(OutsideRules rules, OutsideLimits? limits = null) =>
        new(OutsideConnections.Create(rules, limits ?? OutsideLimits.Default));

    /// <summary>Pods are played by a handler.</summary>
    public static TestOutside WithPods(HttpMessageHandler pods) => new(new OutsideConnections(
        OutsideRules.Default, OutsideLimits.Default, new SocketsHttpHandler(), pods));

    public static async Task<WebApplication> ServeAsync(RequestDelegate handler)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return app;
    }

    public static string AddressOf(WebApplication app) => app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    private static string AuthorityOf(string address) =>
        address.Contains("://", StringComparison.Ordinal) ? new Uri(address).Authority : address;

    public void Dispose()
    {
        _connections.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
}
