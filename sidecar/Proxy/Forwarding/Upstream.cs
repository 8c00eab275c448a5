using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Forwarding;

/// <summary>The application behind one listener. Policies may change how it is reached. Thread-safe.</summary>
internal sealed class Upstream(Uri origin, ProxyLimits limits, TimeProvider time) : IDisposable
{
    private readonly Lock _changing = new();
    private volatile UpstreamRoute? _route;

    /// <summary>
    /// Whether a request to this origin gets the origin's own name instead of its client's Host: calls over TLS and
    /// HTTP/2, whose connections are kept by name. A client that chose the name would make as many as it likes.
    /// </summary>
    public static bool NamesItself(string origin) => origin.StartsWith("https:", StringComparison.Ordinal);

    /// <summary>The way to the application under these settings; connections are kept as long as they hold.</summary>
    public UpstreamRoute By(UpstreamSettings settings)
    {
        var route = _route;
        return route is not null && ReferenceEquals(route.Settings, settings) ? route : Change(settings);
    }

    public void Dispose() => _route?.Dispose();

    /// <summary>
    /// The way before is left to itself: requests may still be on it. Its connections close once they are unused.
    /// </summary>
    private UpstreamRoute Change(UpstreamSettings settings)
    {
        lock (_changing)
        {
            if (_route is { } route && ReferenceEquals(route.Settings, settings)) return route;
            return _route = new UpstreamRoute(origin, settings, limits, time);
        }
    }
}
