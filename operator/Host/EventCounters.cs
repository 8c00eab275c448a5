using System.Diagnostics.Metrics;
using WafOperator.Distribution.Events;
using WafOperator.Protocols.Events;

namespace WafOperator.Operator.Host;

/// <summary>
/// Counts security events that sidecars report, by namespace, verdict and reason: what dashboards and alerts need.
/// </summary>
internal sealed class EventCounters : IEventSink
{
    public const string MeterName = "WafOperator.Operator";

    private static readonly Meter Meter = new(MeterName);

    private readonly EventLabels _labels = new();
    private readonly Counter<long> _events = Meter.CreateCounter<long>(
        "waf_operator_events", null, "Security events reported by sidecars, by namespace, verdict and reason");

    /// <param name="spool">Where events wait for the console, or null.</param>
    public EventCounters(EventSpool? spool)
    {
        if (spool is null) return;
        Meter.CreateObservableGauge("waf_operator_event_spool_bytes", () => spool.Bytes, null,
            "Bytes of events that the console has not fetched yet");
        Meter.CreateObservableGauge("waf_operator_event_spool_batches", () => spool.Batches, null,
            "Batches of events that the console has not fetched yet");
    }

    public void Accept(SecurityEvent securityEvent)
    {
        var (ns, verdict, reason) = _labels.Of(securityEvent);
        _events.Add(1, new("namespace", ns), new("verdict", verdict), new("reason", reason));
    }
}
