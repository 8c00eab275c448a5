using Prometheus;
using WafOperator.Telemetry;

namespace WafOperator.Operator.Metrics;

/// <summary>
/// All metrics of the operator but those of its client and controller runtime: names, types and labels in one place.
/// One set a process. Thread-safe.
/// </summary>
public static class OperatorMetrics
{
    /// <summary>What the metrics page is written from.</summary>
    public static MetricSet Set { get; } = new();

    /// <summary>Reviews of admission.</summary>
    public static LabelledMetric<Counter.Child> Reviews { get; } = Set.CreateCounter(
        "admission_reviews_total", "Reviews by webhook and outcome (Allowed, Patched, or the refusal's reason)",
        ["webhook", "outcome"]);

    /// <summary>Time of a review.</summary>
    public static LabelledMetric<Histogram.Child> ReviewSeconds { get; } = Set.CreateHistogram(
        "admission_duration", "Time from the request's first byte to the decision, by webhook", ["webhook"]);

    /// <summary>Pods at admission.</summary>
    public static LabelledMetric<Counter.Child> Pods { get; } = Set.CreateCounter(
        "admission_pods_total", "Pods that asked for a sidecar, by decision and reason", ["decision", "reason"]);

    /// <summary>Events of sidecars; values of labels are bounded by who counts.</summary>
    public static LabelledMetric<Counter.Child> Events { get; } = Set.CreateCounter(
        "waf_operator_events_total", "Security events reported by sidecars, by namespace, verdict and reason",
        ["namespace", "verdict", "reason"]);

    public static LabelledMetric<Counter.Child> EventLinesDropped { get; } = Set.CreateCounter(
        "waf_operator_event_lines_dropped_total",
        "Lines of sidecars that are no security events or too long, by namespace and reason", ["namespace", "reason"]);

    public static ObservedMetric EventSpoolBytes { get; } = Set.ObserveGauge(
        "waf_operator_event_spool_bytes", "Bytes of events that the console has not fetched yet", []);

    public static ObservedMetric EventSpoolBatches { get; } = Set.ObserveGauge(
        "waf_operator_event_spool_batches", "Batches of events that the console has not fetched yet", []);

    public static ObservedMetric ModelPhases { get; } = Set.ObserveGauge(
        "waf_operator_model_phase_timestamp_seconds",
        "When a ModelVersion entered its phase, by namespace, name, model, version and phase",
        ["namespace", "name", "model", "version", "phase"]);

    public static LabelledMetric<Counter.Child> PoolSteps { get; } = Set.CreateCounter(
        "waf_operator_pool_ladder_steps_total", "Steps of pools on their ladder, by kind",
        ["namespace", "pool", "kind"]);

    public static LabelledMetric<Counter.Child> PoolScalings { get; } = Set.CreateCounter(
        "waf_operator_pool_scalings_total", "Changes of replicas by queue delay, by direction",
        ["namespace", "pool", "direction"]);

    public static ObservedMetric PoolRung { get; } = Set.ObserveGauge(
        "waf_operator_pool_rung", "Rung that receives requests, 0 is the best; -1 while none does",
        ["namespace", "pool"]);

    public static ObservedMetric PoolDesired { get; } = Set.ObserveGauge(
        "waf_operator_pool_replicas_desired", "Replicas that are wanted", ["namespace", "pool"]);

    public static ObservedMetric PoolReady { get; } = Set.ObserveGauge(
        "waf_operator_pool_replicas_ready", "Replicas that receive requests", ["namespace", "pool"]);

    public static ObservedMetric PoolQueueDelay { get; } = Set.ObserveGauge(
        "waf_operator_pool_queue_delay_seconds", "Queue delay of the slowest replica, 95th percentile",
        ["namespace", "pool"]);

    public static LabelledMetric<Counter.Child> ConnectionsRefused { get; } = Set.CreateCounter(
        "waf_operator_connections_refused_total", "Connections that were closed for lack of room, by port.", ["port"]);

    public static ObservedMetric Connections { get; } = Set.ObserveGauge(
        "waf_operator_connections", "Connections now, by port.", ["port"]);
}
