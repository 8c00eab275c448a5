using System.Diagnostics.Metrics;
using System.Text;

namespace WafOperator.Protocols.Metrics;

/// <summary>
/// Listens to chosen meters and writes them in Prometheus' text exposition format, version 0.0.4. Series of one
/// instrument are bounded; what comes beyond is dropped and counted. Thread-safe.
/// </summary>
public sealed class PrometheusExporter : IDisposable
{
    /// <summary>Media type of what <see cref="Write"/> gives.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, SeriesTable> _tables = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <param name="meterNames">Meters that are exported.</param>
    public PrometheusExporter(params IReadOnlyCollection<string> meterNames)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!meterNames.Contains(instrument.Meter.Name)) return;
            var table = new SeriesTable(instrument);
            lock (_lock) _tables.TryAdd(table.Name, table);
            listener.EnableMeasurementEvents(instrument, table);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(state, value, tags));
        _listener.Start();
    }

    /// <summary>All series as they are now.</summary>
    public string Write()
    {
        var text = new StringBuilder(16 * 1024);
        lock (_lock)
        {
            foreach (var table in _tables.Values) table.BeginObservation();
            _listener.RecordObservableInstruments();
            foreach (var table in _tables.Values) table.Write(text);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private static void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((SeriesTable)state!).Record(value, tags);
}
