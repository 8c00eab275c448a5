using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using WafOperator.Operator.Metrics;
using WafOperator.Telemetry;

namespace WafOperator.Operator.Host.Listening;

/// <summary>
/// The ports of the operator with their bounds. Each has connections of its own: who fills the distribution does not
/// keep the API server
/// from the webhooks. Who connects and says nothing, or says it byte by byte, is let go.
/// </summary>
internal sealed class OperatorPorts
{
    /// <summary>Time for a TLS handshake, and for the head of a request.</summary>
    public static readonly TimeSpan HeadWithin = TimeSpan.FromSeconds(10);

    /// <summary>What a connection takes with TLS and a request under way, counted generously.</summary>
    private const int ConnectionBytes = 48 << 10;

    private const int ConnectionsMin = 512;
    private const int ConnectionsMax = 32_768;
    private const int MetricsConnections = 64;

    private readonly ConnectionShares _webhooks;
    private readonly ConnectionShares _distribution;
    private readonly ConnectionShares _metrics;

    /// <param name="memoryBytes">What the process may use: half of it for connections.</param>
    /// <param name="namespaceOf">The namespace of a pod's address, or null.</param>
    public OperatorPorts(long memoryBytes, Func<IPAddress, string?> namespaceOf)
    {
        var all = (int)Math.Clamp(memoryBytes / 2 / ConnectionBytes, ConnectionsMin, ConnectionsMax);
        // An API server calls from few addresses and over few connections, sidecars from many over two or three each.
        _webhooks = new ConnectionShares(all / 4, all / 8, namespaceOf);
        _distribution = new ConnectionShares(all / 4 * 3, all / 8, namespaceOf);
        _metrics = new ConnectionShares(MetricsConnections, MetricsConnections / 4, _ => null);
        OperatorMetrics.Connections.From(() =>
        [
            new Sample(_webhooks.Taken, "webhooks"), new Sample(_distribution.Taken, "distribution"),
            new Sample(_metrics.Taken, "metrics"),
        ]);
    }

    /// <summary>Bounds on requests, whatever the port.</summary>
    public static void Limit(KestrelServerLimits limits)
    {
        // Long polls are requests; what says nothing is nobody's.
        limits.RequestHeadersTimeout = HeadWithin;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        limits.MaxRequestBodySize = 8 << 20;
        limits.MaxRequestHeadersTotalSize = 32 << 10;
        limits.MinRequestBodyDataRate = new MinDataRate(1_024, TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate = new MinDataRate(1_024, TimeSpan.FromSeconds(10));
        limits.Http2.MaxStreamsPerConnection = 32;
    }

    public void Webhooks(ListenOptions listen, Action<HttpsConnectionAdapterOptions> https) =>
        Secure(listen, _webhooks, "webhooks", https);

    public void Distribution(ListenOptions listen, Action<HttpsConnectionAdapterOptions> https) =>
        Secure(listen, _distribution, "distribution", https);

    public void Metrics(ListenOptions listen) => Bound(listen, _metrics, "metrics");

    private static void Secure(
        ListenOptions listen, ConnectionShares shares, string name, Action<HttpsConnectionAdapterOptions> https)
    {
        // Before the handshake, which is the costly part.
        Bound(listen, shares, name);
        listen.UseHttps(options =>
        {
            options.HandshakeTimeout = HeadWithin;
            https(options);
        });
    }

    private static void Bound(ListenOptions listen, ConnectionShares shares, string name) =>
        listen.Use(next => async connection =>
    {
        using var share = shares.TryTake((connection.RemoteEndPoint as IPEndPoint)?.Address);
        if (share is null)
        {
            OperatorMetrics.ConnectionsRefused.Of(name).Inc();
            connection.Abort();
            return;
        }

        await next(connection);
    });
}
