using System.Diagnostics.Metrics;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Telemetry;

/// <summary>Why work was given up before the model ran.</summary>
internal enum DropReason { Cancelled, Deadline, Yielded }

/// <summary>What the server counts (crds/Protocols/Inference/README.md). Thread-safe.</summary>
internal sealed class ServerMeters : IDisposable
{
    public const string MeterName = "WafOperator.Inference";

    private static readonly double[] Seconds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];

    private static readonly double[] Powers = [.. Enumerable.Range(0, 16).Select(n => (double)(1 << n))];

    private static int _instances;

    private readonly Meter _meter;
    private readonly QueueDelayWindow _window;
    private readonly long[] _outcomes = new long[Enum.GetValues<InferenceErrorCode>().Length + 1];
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];
    private readonly Histogram<double> _read;
    private readonly Histogram<double> _prepare;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _compute;
    private readonly Histogram<double> _write;
    private readonly Histogram<double> _rows;
    private readonly Histogram<double> _tokens;

    public ServerMeters(TimeProvider time)
    {
        // Listeners choose by name: a second server in one process (tests) must not be taken for the first.
        var instance = Interlocked.Increment(ref _instances);
        Name = instance == 1 ? MeterName : $"{MeterName}-{instance}";
        _meter = new Meter(Name);
        _window = new QueueDelayWindow(time);
        _read = Histogram("waf_pool_read_seconds", "Receiving a request's body.", Seconds);
        _prepare = Histogram("waf_pool_prepare_seconds", "Parsing and making tokens.", Seconds);
        _queue = Histogram("waf_pool_queue_seconds", "Waiting for a batch.", Seconds);
        _compute = Histogram("waf_pool_compute_seconds", "One batch in the model.", Seconds);
        _write = Histogram("waf_pool_write_seconds", "Making and sending the answer.", Seconds);
        _rows = Histogram("waf_pool_batch_rows", "Rows of a batch.", Powers);
        _tokens = Histogram("waf_pool_batch_tokens", "Padded tokens of a batch.", Powers);
        Gauge(InferenceProtocol.QueueDelayMetric, "95th percentile of the time in the queue over the last 15 to 30 s.",
            () => [new Measurement<double>(QueueDelayP95.TotalSeconds)]);
        _meter.CreateObservableCounter("waf_pool_requests_total", Outcomes, null, "Answered requests by outcome.");
        _meter.CreateObservableCounter(
            "waf_pool_dropped_total", Drops, null, "Work given up before the model ran, by reason.");
    }

    /// <summary>Name of this instance's meter.</summary>
    public string Name { get; }

    /// <summary>What autoscaling aims at.</summary>
    public TimeSpan QueueDelayP95 => _window.P95();

    /// <summary>Answered requests of any kind.</summary>
    public long Requests => _outcomes.Sum();

    public void Read(TimeSpan time) => _read.Record(time.TotalSeconds);

    public void Prepared(TimeSpan time) => _prepare.Record(time.TotalSeconds);

    public void Queued(TimeSpan time)
    {
        _queue.Record(time.TotalSeconds);
        _window.Record(time);
    }

    public void Computed(TimeSpan time) => _compute.Record(time.TotalSeconds);

    public void Wrote(TimeSpan time) => _write.Record(time.TotalSeconds);

    public void Batch(int rows, long tokens)
    {
        _rows.Record(rows);
        _tokens.Record(tokens);
    }

    /// <summary>A request was answered; null: with a success.</summary>
    public void Answered(InferenceErrorCode? error) =>
        Interlocked.Increment(ref _outcomes[error is { } code ? (int)code + 1 : 0]);

    public void Dropped(DropReason reason) => Interlocked.Increment(ref _dropped[(int)reason]);

    /// <summary>A gauge read when metrics are read.</summary>
    public void Gauge(string name, string description, Func<IEnumerable<Measurement<double>>> observe) =>
        _meter.CreateObservableGauge(name, observe, null, description);

    public void Dispose() => _meter.Dispose();

    private Histogram<double> Histogram(string name, string description, double[] bounds) => _meter.CreateHistogram(
        name, unit: null, description, tags: null,
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private IEnumerable<Measurement<long>> Outcomes()
    {
        for (var i = 0; i < _outcomes.Length; i++)
        {
            var name = i == 0 ? "ok" : ((InferenceErrorCode)(i - 1)).ToString();
            if (i == 0 || Interlocked.Read(ref _outcomes[i]) > 0)
                yield return new(
                    Interlocked.Read(ref _outcomes[i]), new KeyValuePair<string, object?>("outcome", name));
        }
    }

    private IEnumerable<Measurement<long>> Drops() => _dropped.Select((count, reason) => new Measurement<long>(
        count, new KeyValuePair<string, object?>("reason", ((DropReason)reason).ToString().ToLowerInvariant())));
}
