using System.Diagnostics;
using System.Diagnostics.Metrics;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Kubernetes.Telemetry;

/// <summary>
/// All instruments of the client and the controller runtime, under the meter <see cref="MeterName"/>.
/// </summary>
public static class RuntimeMetrics
{
    /// <summary>The meter to listen to.</summary>
    public const string MeterName = "WafOperator.Kubernetes";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("kubernetes.client.requests", null, "Requests by verb, resource and status code");

    private static readonly Histogram<double> RequestSeconds =
        Meter.CreateHistogram<double>("kubernetes.client.request.duration", "s", "Time until the answer's headers");

    internal static readonly Counter<long> RequestRetries =
        Meter.CreateCounter<long>(
            "kubernetes.client.retries", null, "Requests repeated after Retry-After or a lost connection");

    internal static readonly Histogram<double> ThrottleSeconds =
        Meter.CreateHistogram<double>(
            "kubernetes.client.throttle.duration", "s", "Waiting for the process's own limit");

    private static readonly Counter<long> WatchEnds =
        Meter.CreateCounter<long>("kubernetes.watch.ends", null, "Watches that ended, by resource and reason");

    private static readonly Counter<long> Lists =
        Meter.CreateCounter<long>("kubernetes.informer.lists", null, "Full lists by informers, by resource");

    private static readonly Counter<long> WatchEvents =
        Meter.CreateCounter<long>("kubernetes.informer.events", null, "Events received by informers, by resource");

    private static readonly Counter<long> Reconciles =
        Meter.CreateCounter<long>("controller.reconciles", null, "Reconciles by controller and result");

    private static readonly Histogram<double> ReconcileSeconds =
        Meter.CreateHistogram<double>("controller.reconcile.duration", "s", "Time of one reconcile, by controller");

    private static readonly Counter<long> ReconcilePanics = Meter.CreateCounter<long>(
        "controller.panics", null, "Reconciles ended by an exception that is a bug, by controller");

    private static readonly UpDownCounter<long> QueueDepth =
        Meter.CreateUpDownCounter<long>("workqueue.depth", null, "Keys waiting, by queue");

    private static readonly Counter<long> QueueAdds =
        Meter.CreateCounter<long>("workqueue.adds", null, "Keys added, by queue");

    private static readonly Counter<long> QueueRetries =
        Meter.CreateCounter<long>("workqueue.retries", null, "Keys added again with back-off, by queue");

    private static readonly Histogram<double> QueueSeconds =
        Meter.CreateHistogram<double>("workqueue.queue.duration", "s", "Time a key waited, by queue");

    private static readonly Counter<long> EventsDropped =
        Meter.CreateCounter<long>("kubernetes.events.dropped", null, "Events not written, by reason");

    private static readonly Counter<long> LeaderChanges =
        Meter.CreateCounter<long>("leader.election.changes", null, "Leadership won or lost, by lease");

    internal static void Request(ApiTarget target, int code, TimeSpan duration)
    {
        var tags = new TagList
        {
            { "verb", target.VerbName },
            { "resource", target.Resource },
            { "code", code },
        };
        Requests.Add(1, tags);
        if (code > 0) RequestSeconds.Record(duration.TotalSeconds, tags);
    }

    internal static void WatchEnded(string resource, string reason) =>
        WatchEnds.Add(1, new("resource", resource), new("reason", reason));

    internal static void Listed(string resource) =>
        Lists.Add(1, new KeyValuePair<string, object?>("resource", resource));

    internal static void WatchEvent(string resource) =>
        WatchEvents.Add(1, new KeyValuePair<string, object?>("resource", resource));

    internal static void Reconciled(string controller, string result, TimeSpan duration)
    {
        Reconciles.Add(1, new("controller", controller), new("result", result));
        ReconcileSeconds.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("controller", controller));
    }

    internal static void Panicked(string controller) =>
        ReconcilePanics.Add(1, new KeyValuePair<string, object?>("controller", controller));

    internal static void Queued(string queue, int change)
    {
        var tag = new KeyValuePair<string, object?>("queue", queue);
        QueueDepth.Add(change, tag);
        if (change > 0) QueueAdds.Add(change, tag);
    }

    internal static void QueueRetried(string queue) =>
        QueueRetries.Add(1, new KeyValuePair<string, object?>("queue", queue));

    internal static void Dequeued(string queue, TimeSpan waited) =>
        QueueSeconds.Record(waited.TotalSeconds, new KeyValuePair<string, object?>("queue", queue));

    internal static void EventDropped(string reason) =>
        EventsDropped.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal static void LeadershipChanged(string lease, bool leading) =>
        LeaderChanges.Add(1, new("lease", lease), new("leading", leading));
}
