using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Listening;

/// <summary>Every bound on what clients can make the proxy hold or wait for. Sizes in bytes.</summary>
public sealed record ProxyLimits
{
    /// <summary>Request line, where the policy says nothing of heads.</summary>
    public int RequestLineBytesMax { get; init; } = 16 * 1024;

    /// <summary>All header lines of a request together, likewise.</summary>
    public int HeaderBytesMax { get; init; } = 48 * 1024;

    /// <summary>Header lines of a request, likewise.</summary>
    public int HeadersMax { get; init; } = 150;

    /// <summary>Client connections at once, all listeners together.</summary>
    public int ConnectionsMax { get; init; } = 20_000;

    /// <summary>Connections of one client address at once; proxies in front of the sidecar are such clients, too.</summary>
    public int ConnectionsPerClientMax { get; init; } = 10_000;

    /// <summary>Requests that are inspected at once, all connections together.</summary>
    public int InspectedRequestsMax { get; init; } = 20_000;

    /// <summary>Bytes of a connection that are read from the network before somebody takes them.</summary>
    public int RequestBufferBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Upgraded (WebSocket) connections at once.</summary>
    public int UpgradedConnectionsMax { get; init; } = 10_000;

    /// <summary>HTTP/2 streams of one connection at once.</summary>
    public int StreamsPerConnectionMax { get; init; } = 128;

    /// <summary>Time from connecting to bytes that tell which protocol is spoken.</summary>
    public TimeSpan FirstByteWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time to send a whole head, from its first byte.</summary>
    public TimeSpan HeadersWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Idle time of a client connection between requests: longer than load balancers keep theirs.</summary>
    public TimeSpan IdleConnectionMax { get; init; } = TimeSpan.FromSeconds(620);

    /// <summary>
    /// Slowest request body that is held for inspection, bytes per second, after the grace period. Bodies that stream
    /// through may come as slowly as they like.
    /// </summary>
    public double BodyBytesPerSecondMin { get; init; } = 16;

    /// <summary>Time before a slow body counts: as long as common servers wait for the next byte of one.</summary>
    public TimeSpan SlowBodyGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time a body is held back in mode Window before what has come is judged and let go.</summary>
    public TimeSpan WindowHoldMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Request and response bytes held for inspection, all requests together.</summary>
    public long BufferedBytesMax { get; init; } = 96L * 1024 * 1024;

    /// <summary>Bytes of one message of a gRPC or WebSocket stream that are kept for inspection.</summary>
    public int MessageBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Time to connect to the application.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence on a forwarded exchange after which it is given up.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Idle time of a connection to the application: below what common servers keep (gunicorn: 2 s, Node.js: 5 s), so that
    /// a request is not sent on a connection that is just being closed.
    /// </summary>
    public TimeSpan UpstreamIdleMax { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How long it is remembered that the application speaks no HTTP/2: a restarted one may be another.</summary>
    public TimeSpan ProtocolRememberedFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that requests in flight are given at shutdown.</summary>
    public TimeSpan DrainMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Connections to the admin port at once.</summary>
    public int AdminConnectionsMax { get; init; } = 64;

    /// <summary>Connections of one address to the admin port at once: a kubelet needs two, a scraper one.</summary>
    public int AdminConnectionsPerPeerMax { get; init; } = 8;

    /// <summary>Time that a connection to the admin port may wait for its client.</summary>
    public TimeSpan AdminIdleMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The same limits for a process that may use this much memory, so that clients reach a limit before the process
    /// does. Three fifths of the memory count, less what the program itself needs: a heap that is nearly full spends its
    /// time collecting. Of these a fifth goes to connections, two fifths to requests under inspection, and two fifths to
    /// bodies: a third of that is what is held, the rest what inspection reads out of it. Pure.
    /// </summary>
    /// <param name="memoryBytes">What the collector may use; for .NET three quarters of a container's limit.</param>
    public ProxyLimits ForMemory(long memoryBytes)
    {
        var usable = SidecarMemory.Usable(memoryBytes);
        var connections = Bounded(usable / 5 / ConnectionBytes, ConnectionsMax);
        return this with
        {
            ConnectionsMax = connections,
            ConnectionsPerClientMax = Bounded(connections / 2, ConnectionsPerClientMax),
            UpgradedConnectionsMax = Bounded(connections / 2, UpgradedConnectionsMax),
            InspectedRequestsMax = Bounded(usable / 5 * 2 / InspectedRequestBytes, InspectedRequestsMax),
            BufferedBytesMax = SidecarMemory.HeldBytesMax(memoryBytes),
            RequestBufferBytesMax = Math.Max(Bounded(usable / 4096, RequestBufferBytesMax), RequestBufferBytesMin),
        };
    }

    /// <summary>A connection, with a head that has begun.</summary>
    private const int ConnectionBytes = 16 << 10;

    /// <summary>Measured: a request that waits for its body takes 58 KiB, without the body.</summary>
    private const int InspectedRequestBytes = 64 << 10;

    /// <summary>The server asks for room for the longest head.</summary>
    private const int RequestBufferBytesMin = 64 << 10;

    private static int Bounded(long wanted, int max) => (int)Math.Clamp(wanted, 1, max);
}
