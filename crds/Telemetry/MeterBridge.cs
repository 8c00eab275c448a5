using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Prometheus;

namespace WafOperator.Telemetry;

/// <summary>
/// Shows the instruments of the runtime and of the web server, which are made with the runtime's own API, under their
/// names and with their types: counters stay counters, which the library's adapter does not do. Thread-safe.
/// </summary>
internal sealed class MeterBridge : IDisposable
{
    /// <summary>Series of all instruments together; what comes beyond is dropped.</summary>
    private const int SeriesMax = 1_000;

    private readonly MeterListener _listener = new();
    private readonly MetricFactory _factory;
    private readonly ConcurrentDictionary<string, Action<double>> _series = new(StringComparer.Ordinal);

    public MeterBridge(IReadOnlyCollection<string> meters)
    {
        Registry = Prometheus.Metrics.NewCustomRegistry();
        _factory = Prometheus.Metrics.WithCustomRegistry(Registry);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
        Registry.AddBeforeCollectCallback(_listener.RecordObservableInstruments);
    }

    public CollectorRegistry Registry { get; }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (names, values) = (new string[tags.Length], new string[tags.Length]);
        for (var i = 0; i < tags.Length; i++)
        {
            names[i] = Clean(tags[i].Key);
            values[i] = Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "";
        }

        var key = $"{instrument.Name}\n{string.Join('\n', names)}\n{string.Join('\n', values)}";
        if (!_series.TryGetValue(key, out var record))
        {
            if (_series.Count >= SeriesMax) return;
            record = _series.GetOrAdd(key, RecorderOf(instrument, names, values));
        }

        record(value);
    }

    private Action<double> RecorderOf(Instrument instrument, string[] names, string[] values)
    {
        var (name, help) = (Clean(instrument.Name), instrument.Description ?? "");
        var kind = instrument.GetType().Name;
        if (instrument is Histogram<double> histogram)
        {
            var buckets = histogram.Advice?.HistogramBucketBoundaries ?? MetricSet.DefaultBuckets;
            var series = _factory.CreateHistogram(
                name, help, names, new HistogramConfiguration { Buckets = [.. buckets] }).WithLabels(values);
            return value => series.Observe(value);
        }

        if (kind.StartsWith("Counter", StringComparison.Ordinal)
            || kind.StartsWith("ObservableCounter", StringComparison.Ordinal))
        {
            if (!name.EndsWith("_total", StringComparison.Ordinal)) name += "_total";
            var counter = _factory.CreateCounter(name, help, names).WithLabels(values);
            if (instrument.IsObservable) return value => counter.IncTo(value);
            return value => counter.Inc(value);
        }

        var gauge = _factory.CreateGauge(name, help, names).WithLabels(values);
        if (instrument.IsObservable) return value => gauge.Set(value);
        return value => gauge.Inc(value);
    }

    private static string Clean(string name) =>
        string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });
}
