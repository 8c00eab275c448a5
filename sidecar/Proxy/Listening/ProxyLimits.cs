namespace WafOperator.Proxy.Listening;

/// <summary>Every bound on what clients can make the proxy hold or wait for. Sizes in bytes.</summary>
public sealed record ProxyLimits
{
    /// <summary>Request line.</summary>
    public int RequestLineBytesMax { get; init; } = 16 * 1024;

    /// <summary>All header lines of a request together.</summary>
    public int HeaderBytesMax { get; init; } = 48 * 1024;

    /// <summary>Header lines of a request.</summary>
    public int HeadersMax { get; init; } = 150;

    /// <summary>Client connections at once, all listeners together.</summary>
    public int ConnectionsMax { get; init; } = 20_000;

    /// <summary>Upgraded (WebSocket) connections at once.</summary>
    public int UpgradedConnectionsMax { get; init; } = 10_000;

    /// <summary>HTTP/2 streams of one connection at once.</summary>
    public int StreamsPerConnectionMax { get; init; } = 128;

    /// <summary>Time to send a whole head.</summary>
    public TimeSpan HeadersWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Idle time of a client connection between requests: longer than load balancers keep theirs.</summary>
    public TimeSpan IdleConnectionMax { get; init; } = TimeSpan.FromSeconds(620);

    /// <summary>Slowest request body that is waited for, bytes per second, after the grace period.</summary>
    public double BodyBytesPerSecondMin { get; init; } = 100;

    /// <summary>Time before a slow body counts.</summary>
    public TimeSpan SlowBodyGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time a body is held back in mode Window before what has come is judged and let go.</summary>
    public TimeSpan WindowHoldMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Request and response bytes held for inspection, all requests together.</summary>
    public long BufferedBytesMax { get; init; } = 96L * 1024 * 1024;

    /// <summary>Time to connect to the application.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence on a forwarded exchange after which it is given up.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Idle time of a connection to the application: below what common servers keep (Node.js: 5 s), so that a request is
    /// not sent on a connection that is just being closed.
    /// </summary>
    public TimeSpan UpstreamIdleMax { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Time that requests in flight are given at shutdown.</summary>
    public TimeSpan DrainMax { get; init; } = TimeSpan.FromSeconds(20);
}
