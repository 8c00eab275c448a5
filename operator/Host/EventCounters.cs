using WafOperator.Distribution.Events;
using WafOperator.Operator.Metrics;
using WafOperator.Protocols.Events;

namespace WafOperator.Operator.Host;

/// <summary>
/// Counts security events that sidecars report, by namespace, verdict and reason: what dashboards and alerts need.
/// </summary>
internal sealed class EventCounters : IEventSink
{
    private readonly EventLabels _labels = new();

    /// <param name="spool">Where events wait for the console, or null.</param>
    public EventCounters(EventSpool? spool)
    {
        if (spool is null) return;
        OperatorMetrics.EventSpoolBytes.From(() => spool.Bytes);
        OperatorMetrics.EventSpoolBatches.From(() => spool.Batches);
    }

    public void Accept(SecurityEvent securityEvent)
    {
        var (ns, verdict, reason) = _labels.Of(securityEvent);
        OperatorMetrics.Events.Of(ns, verdict, reason).Inc();
    }

    public void Drop(string ns, string reason) =>
        OperatorMetrics.EventLinesDropped.Of(_labels.NamespaceOf(ns), reason).Inc();
}
