using Prometheus;
using WafOperator.Console.Sinks;
using WafOperator.Telemetry;

namespace WafOperator.Console;

/// <summary>All metrics of the console: names, types and labels in one place. One set a process. Thread-safe.</summary>
internal static class ConsoleMetrics
{
    /// <summary>What the metrics page is written from.</summary>
    public static MetricSet Set { get; } = new();

    public static LabelledMetric<Counter.Child> Events { get; } = Set.CreateCounter(
        "waf_console_events_total", "Events that came, by outcome and reason", ["outcome", "reason"]);

    public static LabelledMetric<Counter.Child> IntakeFailures { get; } = Set.CreateCounter(
        "waf_console_intake_failures_total", "Batches that could not be fetched or written at once, by cause",
        ["cause"]);

    public static LabelledMetric<Histogram.Child> EventDelay { get; } = Set.CreateHistogram(
        "waf_console_event_delay", "Time from a decision until it can be found", [],
        [0.5, 1, 2, 5, 10, 30, 60, 300, 600, 3600]);

    public static LabelledMetric<Counter.Child> SinkEvents { get; } = Set.CreateCounter(
        "waf_console_sink_events_total",
        "Events sent to sinks, left out because a sink was too far behind, and set aside because it refuses them",
        ["sink", "outcome"]);

    /// <summary>Name under which all WafSinks are counted together: their own counts are in their status.</summary>
    public const string Objects = "WafSink";

    /// <summary>Counts what became of events.</summary>
    public static void CountSink(string sink, SinkStep step)
    {
        SinkEvents.Of(sink, "sent").Inc(step.Sent);
        if (step.LeftOut > 0) SinkEvents.Of(sink, "left-out").Inc(step.LeftOut);
        if (step.Refused > 0) SinkEvents.Of(sink, "set-aside").Inc(step.Refused);
    }

    public static LabelledMetric<Counter.Child> AlertsTold { get; } = Set.CreateCounter(
        "waf_console_alerts_total", "Alerts that receivers took, and those left out because a receiver refuses them",
        ["receiver", "outcome"]);
}
