using Prometheus;
using WafOperator.Protocols.Inference;
using WafOperator.Telemetry;

namespace WafOperator.Models.Server.Telemetry;

/// <summary>
/// All metrics of the inference server: names, types and labels in one place. What is counted is in ServerMeters.
/// </summary>
internal sealed class ServerMetrics
{
    private static readonly double[] Seconds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];

    private static readonly double[] Powers = [.. Enumerable.Range(0, 16).Select(n => (double)(1 << n))];

    /// <summary>What the metrics page is written from.</summary>
    public MetricSet Set { get; } = new();

    public ServerMetrics()
    {
        Read = Set.CreateHistogram("waf_pool_read_seconds", "Receiving a request's body.", [], Seconds).Alone;
        Prepare = Set.CreateHistogram("waf_pool_prepare_seconds", "Parsing and making tokens.", [], Seconds).Alone;
        Queue = Set.CreateHistogram("waf_pool_queue_seconds", "Waiting for a batch.", [], Seconds).Alone;
        Compute = Set.CreateHistogram("waf_pool_compute_seconds", "One batch in the model.", [], Seconds).Alone;
        Write = Set.CreateHistogram("waf_pool_write_seconds", "Making and sending the answer.", [], Seconds).Alone;
        Rows = Set.CreateHistogram("waf_pool_batch_rows", "Rows of a batch.", [], Powers).Alone;
        Tokens = Set.CreateHistogram("waf_pool_batch_tokens", "Padded tokens of a batch.", [], Powers).Alone;
        QueueDelay = Set.ObserveGauge(
            InferenceProtocol.QueueDelayMetric, "95th percentile of the time in the queue over the last 15 to 30 s.",
            []);
        Requests = Set.ObserveCounter("waf_pool_requests_total", "Answered requests by outcome.", ["outcome"]);
        Drops = Set.ObserveCounter(
            "waf_pool_dropped_total", "Work given up before the model ran, by reason.", ["reason"]);
        QueueLength = Set.ObserveGauge("waf_pool_queue_length", "Requests waiting.", []);
        QueueTokens = Set.ObserveGauge("waf_pool_queue_tokens", "Padded tokens waiting.", []);
        HeldBytes = Set.ObserveGauge("waf_pool_held_bytes", "Bytes of bodies held.", []);
        Ready = Set.ObserveGauge("waf_pool_ready", "1 when the server is ready.", []);
        Models = Set.ObserveGauge("waf_pool_models", "Models by state.", ["state"]);
        BuildInfo = Set.ObserveGauge(
            "waf_pool_build_info", "Always 1.", ["version", "provider", "precision", "onnxruntime"]);
    }

    public Histogram.Child Read { get; }

    public Histogram.Child Prepare { get; }

    public Histogram.Child Queue { get; }

    public Histogram.Child Compute { get; }

    public Histogram.Child Write { get; }

    public Histogram.Child Rows { get; }

    public Histogram.Child Tokens { get; }

    public ObservedMetric QueueDelay { get; }

    public ObservedMetric Requests { get; }

    public ObservedMetric Drops { get; }

    public ObservedMetric QueueLength { get; }

    public ObservedMetric QueueTokens { get; }

    public ObservedMetric HeldBytes { get; }

    public ObservedMetric Ready { get; }

    public ObservedMetric Models { get; }

    public ObservedMetric BuildInfo { get; }
}
