using Prometheus;

namespace WafOperator.Telemetry;

/// <summary>
/// A program's metrics in Prometheus' text exposition format, version 0.0.4: its own, those of its libraries, and the
/// runtime's. Thread-safe.
/// </summary>
public sealed class MetricsPage : IDisposable
{
    /// <summary>Media type of what <see cref="Write"/> gives.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Garbage collection, thread pool, exceptions, locks.</summary>
    public const string RuntimeMeter = "System.Runtime";

    /// <summary>Connections, handshakes and queues of the web server.</summary>
    public const string KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";

    private readonly MeterBridge _bridge;
    private readonly List<CollectorRegistry> _registries;

    /// <param name="meters">The runtime's and the web server's meters that are shown.</param>
    /// <param name="sets">What the program and its libraries declare.</param>
    public MetricsPage(IReadOnlyCollection<string> meters, params IReadOnlyCollection<MetricSet> sets)
    {
        _bridge = new MeterBridge(meters);
        _registries = [.. sets.Select(set => set.Registry), _bridge.Registry];
    }

    /// <summary>All series as they are now, in UTF-8.</summary>
    public byte[] Write()
    {
        using var text = new MemoryStream(32 * 1024);
        foreach (var registry in _registries)
        {
            // Into memory, and without callbacks that wait: ended when it returns.
            registry.CollectAndExportAsTextAsync(text).GetAwaiter().GetResult();
        }

        return text.ToArray();
    }

    public void Dispose() => _bridge.Dispose();
}
