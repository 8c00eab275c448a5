using Prometheus;

namespace WafOperator.Telemetry;

/// <summary>
/// Where a program, or a library of ours, declares its metrics: in one file, each with name, help and label names.
/// Every metric has at most <see cref="SeriesMax"/> series. Thread-safe.
/// </summary>
public sealed class MetricSet
{
    /// <summary>Series of one metric. What comes beyond is counted in one series, or cut and told.</summary>
    public const int SeriesMax = 10_000;

    /// <summary>Upper bounds of buckets, in seconds, where nothing else is said.</summary>
    public static readonly IReadOnlyList<double> DefaultBuckets =
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly MetricFactory _factory;
    private readonly Gauge _cut;

    public MetricSet()
    {
        Registry = Prometheus.Metrics.NewCustomRegistry();
        _factory = Prometheus.Metrics.WithCustomRegistry(Registry);
        _cut = _factory.CreateGauge(
            "waf_metric_series_cut", $"Series that are not shown, as the metric has {SeriesMax} already.", ["metric"]);
    }

    /// <summary>What a page is written from.</summary>
    public CollectorRegistry Registry { get; }

    /// <summary>A counter that is counted up where things happen.</summary>
    public LabelledMetric<Counter.Child> CreateCounter(string name, string help, params string[] labels)
    {
        var counter = _factory.CreateCounter(name, help, labels);
        return new LabelledMetric<Counter.Child>(values => counter.WithLabels(values), labels.Length);
    }

    /// <summary>A gauge that is moved where things happen.</summary>
    public LabelledMetric<Gauge.Child> CreateGauge(string name, string help, params string[] labels)
    {
        var gauge = _factory.CreateGauge(name, help, labels);
        return new LabelledMetric<Gauge.Child>(values => gauge.WithLabels(values), labels.Length);
    }

    /// <summary>A histogram with these upper bounds of its buckets, in the unit of the name.</summary>
    public LabelledMetric<Histogram.Child> CreateHistogram(
        string name, string help, string[] labels, IReadOnlyList<double>? buckets = null)
    {
        var histogram = _factory.CreateHistogram(
            name, help, labels, new HistogramConfiguration { Buckets = [.. buckets ?? DefaultBuckets] });
        return new LabelledMetric<Histogram.Child>(values => histogram.WithLabels(values), labels.Length);
    }

    /// <summary>A counter whose numbers are kept elsewhere and read when metrics are read.</summary>
    public ObservedMetric ObserveCounter(string name, string help, params string[] labels)
    {
        var counter = _factory.CreateCounter(
            name, help, labels, new CounterConfiguration { SuppressInitialValue = true });
        return Observe(name, new ObservedMetric(
            values => counter.WithLabels(values), static (child, value) => ((Counter.Child)child).IncTo(value)));
    }

    /// <summary>A gauge that is read when metrics are read.</summary>
    public ObservedMetric ObserveGauge(string name, string help, params string[] labels)
    {
        var gauge = _factory.CreateGauge(name, help, labels, new GaugeConfiguration { SuppressInitialValue = true });
        return Observe(name, new ObservedMetric(
            values => gauge.WithLabels(values), static (child, value) => ((Gauge.Child)child).Set(value)));
    }

    private ObservedMetric Observe(string name, ObservedMetric metric)
    {
        Registry.AddBeforeCollectCallback(() =>
        {
            var cut = metric.Refresh();
            if (cut > 0) _cut.WithLabels(name).Set(cut);
        });
        return metric;
    }
}
