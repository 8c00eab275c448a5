using System.Diagnostics.Metrics;
using WafOperator.Console.Store;

namespace WafOperator.Console.Intake;

/// <summary>What intake counts.</summary>
public sealed class IntakeMeters : IDisposable
{
    public const string MeterName = "WafOperator.Console";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _events;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _delay;

    public IntakeMeters()
    {
        _events = _meter.CreateCounter<long>("waf_console_events", null, "Events that came, by outcome and reason");
        _failures = _meter.CreateCounter<long>("waf_console_intake_failures", null,
            "Batches that could not be fetched or written at once, by cause");
        _delay = _meter.CreateHistogram<double>(
            "waf_console_event_delay", "s", "Time from a decision until it can be found",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries =
                [0.5, 1, 2, 5, 10, 30, 60, 300, 600, 3600] });
    }

    public void Added(AddResult result, TimeSpan delay)
    {
        if (result.Added > 0) _events.Add(result.Added, new("outcome", "added"), new("reason", ""));
        if (result.Duplicates > 0) _events.Add(result.Duplicates, new("outcome", "duplicate"), new("reason", ""));
        _delay.Record(Math.Max(0, delay.TotalSeconds));
    }

    public void Refused(string why) => _events.Add(1, new("outcome", "refused"), new("reason", why));

    public void Failed(string cause) => _failures.Add(1, new KeyValuePair<string, object?>("cause", cause));

    public void Dispose() => _meter.Dispose();
}
