using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using WafOperator.Telemetry;

namespace WafOperator.Benchmarks.Telemetry;

/// <summary>
/// What one record costs, beside a plain increment and the runtime's instruments with a listener that only adds.
/// </summary>
internal static class MetricBenchmark
{
    private const int Rounds = 9;

    private static readonly KeyValuePair<string, object?> Verdict = new("verdict", "Block");
    private static readonly KeyValuePair<string, object?> Reason = new("reason", "Rules");

    public static Task<int> RunAsync(string[] arguments)
    {
        var records = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        var set = new MetricSet();
        var counter = set.CreateCounter("a_total", "A.", []).Alone;
        var labelled = set.CreateCounter("b_total", "B.", ["verdict", "reason"]);
        var histogram = set.CreateHistogram("c_seconds", "C.", []).Alone;
        using var meter = new Meter("benchmark");
        using var listener = new MeterListener();
        double sum = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == meter) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => sum += value);
        listener.Start();
        var instrument = meter.CreateCounter<long>("d");

        long plain = 0;
        Report("plain increment", records, () => Interlocked.Increment(ref plain));
        Report("runtime's counter, a listener that adds", records, () => instrument.Add(1));
        Report("runtime's counter, two labels", records, () => instrument.Add(1, Verdict, Reason));
        Report("counter", records, () => counter.Inc());
        Report("counter, two labels", records, () => labelled.Of("Block", "Rules").Inc());
        Report("histogram", records, () => histogram.Observe(0.003));
        return Task.FromResult(0);
    }

    private static void Report(string what, int records, Action record)
    {
        var (best, bytes) = (double.MaxValue, 0L);
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < records; i++) record();
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalNanoseconds / records);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / records;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"metrics: {what,-40} {best,6:F1} ns {bytes,4} bytes"));
    }
}
