using System.Globalization;
using Prometheus;
using WafOperator.Kubernetes.Client;
using WafOperator.Telemetry;

namespace WafOperator.Kubernetes.Telemetry;

/// <summary>
/// All metrics of the client and the controller runtime, for whichever program uses them. Thread-safe.
/// </summary>
public static class RuntimeMetrics
{
    /// <summary>What a program's metrics page shows.</summary>
    public static MetricSet Set { get; } = new();

    internal static LabelledMetric<Counter.Child> Retries { get; } = Set.CreateCounter(
        "kubernetes_client_retries_total", "Requests repeated after Retry-After or a lost connection", []);

    internal static LabelledMetric<Histogram.Child> ThrottleSeconds { get; } = Set.CreateHistogram(
        "kubernetes_client_throttle_duration", "Waiting for the process's own limit", []);

    internal static LabelledMetric<Counter.Child> Panics { get; } = Set.CreateCounter(
        "controller_panics_total", "Reconciles ended by an exception that is a bug, by controller", ["controller"]);

    private static readonly LabelledMetric<Counter.Child> Requests = Set.CreateCounter(
        "kubernetes_client_requests_total", "Requests by verb, resource and status code",
        ["verb", "resource", "code"]);

    private static readonly LabelledMetric<Histogram.Child> RequestSeconds = Set.CreateHistogram(
        "kubernetes_client_request_duration", "Time until the answer's headers", ["verb", "resource", "code"]);

    private static readonly LabelledMetric<Counter.Child> WatchEnds = Set.CreateCounter(
        "kubernetes_watch_ends_total", "Watches that ended, by resource and reason", ["resource", "reason"]);

    private static readonly LabelledMetric<Counter.Child> Lists = Set.CreateCounter(
        "kubernetes_informer_lists_total", "Full lists by informers, by resource", ["resource"]);

    private static readonly LabelledMetric<Counter.Child> WatchEvents = Set.CreateCounter(
        "kubernetes_informer_events_total", "Events received by informers, by resource", ["resource"]);

    private static readonly LabelledMetric<Counter.Child> Reconciles = Set.CreateCounter(
        "controller_reconciles_total", "Reconciles by controller and result", ["controller", "result"]);

    private static readonly LabelledMetric<Histogram.Child> ReconcileSeconds = Set.CreateHistogram(
        "controller_reconcile_duration", "Time of one reconcile, by controller", ["controller"]);

    private static readonly LabelledMetric<Gauge.Child> QueueDepth = Set.CreateGauge(
        "workqueue_depth", "Keys waiting, by queue", ["queue"]);

    private static readonly LabelledMetric<Counter.Child> QueueAdds = Set.CreateCounter(
        "workqueue_adds_total", "Keys added, by queue", ["queue"]);

    private static readonly LabelledMetric<Counter.Child> QueueRetries = Set.CreateCounter(
        "workqueue_retries_total", "Keys added again with back-off, by queue", ["queue"]);

    private static readonly LabelledMetric<Histogram.Child> QueueSeconds = Set.CreateHistogram(
        "workqueue_queue_duration", "Time a key waited, by queue", ["queue"]);

    private static readonly LabelledMetric<Counter.Child> EventsDropped = Set.CreateCounter(
        "kubernetes_events_dropped_total", "Events not written, by reason", ["reason"]);

    private static readonly LabelledMetric<Counter.Child> LeaderChanges = Set.CreateCounter(
        "leader_election_changes_total", "Leadership won or lost, by lease", ["lease", "leading"]);

    internal static void Request(ApiTarget target, int code, TimeSpan duration)
    {
        var status = code.ToString(CultureInfo.InvariantCulture);
        Requests.Of(target.VerbName, target.Resource, status).Inc();
        if (code > 0) RequestSeconds.Of(target.VerbName, target.Resource, status).Observe(duration.TotalSeconds);
    }

    internal static void WatchEnded(string resource, string reason) => WatchEnds.Of(resource, reason).Inc();

    internal static void Listed(string resource) => Lists.Of(resource).Inc();

    internal static void WatchEvent(string resource) => WatchEvents.Of(resource).Inc();

    internal static void Reconciled(string controller, string result, TimeSpan duration)
    {
        Reconciles.Of(controller, result).Inc();
        ReconcileSeconds.Of(controller).Observe(duration.TotalSeconds);
    }

    internal static void Panicked(string controller) => Panics.Of(controller).Inc();

    internal static void Queued(string queue, int change)
    {
        QueueDepth.Of(queue).Inc(change);
        if (change > 0) QueueAdds.Of(queue).Inc(change);
    }

    internal static void QueueRetried(string queue) => QueueRetries.Of(queue).Inc();

    internal static void Dequeued(string queue, TimeSpan waited) =>
        QueueSeconds.Of(queue).Observe(waited.TotalSeconds);

    internal static void EventDropped(string reason) => EventsDropped.Of(reason).Inc();

    internal static void LeadershipChanged(string lease, bool leading) =>
        LeaderChanges.Of(lease, leading.ToString()).Inc();
}
