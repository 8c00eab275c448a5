using System.Diagnostics.Metrics;
using WafOperator.Distribution.Events;
using WafOperator.Protocols.Events;

namespace WafOperator.Operator.Host;

/// <summary>Counts security events that sidecars report, by namespace, verdict and reason: what dashboards and alerts need of them.</summary>
internal sealed class EventCounters : IEventSink
{
    public const string MeterName = "WafOperator.Operator";

    private static readonly Meter Meter = new(MeterName);

    private readonly Counter<long> _events = Meter.CreateCounter<long>(
        "waf_operator_events", null, "Security events reported by sidecars, by namespace, verdict and reason");

    public void Accept(SecurityEvent securityEvent) => _events.Add(
        1,
        new KeyValuePair<string, object?>("namespace", securityEvent.Namespace),
        new KeyValuePair<string, object?>("verdict", securityEvent.Verdict.ToString()),
        new KeyValuePair<string, object?>("reason", securityEvent.Reason.Length <= 32 ? securityEvent.Reason : "other"));
}
