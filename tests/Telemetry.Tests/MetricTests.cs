using System.Diagnostics.Metrics;
using System.Text;
using WafOperator.Fixtures;

namespace WafOperator.Telemetry.Tests;

/// <summary>What a page shows of metrics that are counted, observed, or the runtime's.</summary>
public sealed class MetricTests
{
    private static readonly int[] OneAndTwo = [1, 2];

    private readonly MetricSet _set = new();

    [Fact]
    public void Counted_OfEachKind_AreShownWithTypeAndLabels()
    {
        var counter = _set.CreateCounter("seen_total", "What was seen.", ["kind", "how"]);
        var histogram = _set.CreateHistogram("took_seconds", "Time.", ["kind"], [0.1, 1]);
        counter.Of("a", "b\"\\\n").Inc(2);
        histogram.Of("a").Observe(0.5);

        var lines = Lines();

        Assert.Contains("# TYPE seen_total counter", lines);
        Assert.Contains("""seen_total{kind="a",how="b\"\\\n"} 2""", lines);
        Assert.Contains("# TYPE took_seconds histogram", lines);
        Assert.Contains("""took_seconds_bucket{kind="a",le="0.1"} 0""", lines);
        Assert.Contains("""took_seconds_bucket{kind="a",le="1"} 1""", lines);
        Assert.Contains("""took_seconds_count{kind="a"} 1""", lines);
    }

    [Fact]
    public void Counted_ManyLabels_EndInOneSeriesAndLoseNothing()
    {
        var counter = _set.CreateCounter("seen_total", "What was seen.", ["who"]);
        for (var i = 0; i < MetricSet.SeriesMax + 500; i++) counter.Of($"client{i}").Inc();

        var lines = Lines().Where(line => line.StartsWith("seen_total{", StringComparison.Ordinal)).ToList();

        Assert.Equal(MetricSet.SeriesMax + 1, lines.Count);
        Assert.Contains("""seen_total{who="other"} 500""", lines);
    }

    [Fact]
    public void Counted_KnownSeries_AllocateNothing()
    {
        var counter = _set.CreateCounter("seen_total", "What was seen.", ["a", "b", "c"]);
        counter.Of("x", "y", "z").Inc();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1_000; i++) counter.Of("x", "y", "z").Inc();
        }));
    }

    [Fact]
    public void Observed_SeriesThatAreNotNamedAnyMore_Go()
    {
        var states = new List<string> { "Closed" };
        var isThere = true;
        _set.ObserveGauge("circuit", "State.", ["state"]).From(() => states.Select(state => new Sample(1, state)));
        _set.ObserveGauge("held", "Held.", []).From(() => isThere ? [new Sample(3)] : []);
        Assert.Contains("""circuit{state="Closed"} 1""", Lines());
        Assert.Contains("held 3", Lines());

        (states[0], isThere) = ("Open", false);
        Assert.Contains("""circuit{state="Open"} 1""", Lines());
        Assert.DoesNotContain("""circuit{state="Closed"} 1""", Lines());
        Assert.DoesNotContain("held 3", Lines());

        isThere = true;
        Assert.Contains("held 3", Lines());
    }

    [Fact]
    public void Observed_Counter_IsAsItsSourceSays()
    {
        var count = 7;
        _set.ObserveCounter("done_total", "Done.", []).From(() => count);
        Assert.Contains("done_total 7", Lines());
        count = 9;
        Assert.Contains("done_total 9", Lines());
    }

    [Fact]
    public void Observed_WithoutSource_IsNotShownAsZero() => Assert.DoesNotContain(
        Shown("nothing_total", () => _set.ObserveCounter("nothing_total", "Nothing.", [])), line => line[0] != '#');

    [Fact]
    public void Observed_TooManySeries_AreCutAndSaid()
    {
        _set.ObserveGauge("many", "Many.", ["n"]).From(() =>
            Enumerable.Range(0, MetricSet.SeriesMax + 3).Select(n => new Sample(1, $"{n}")));
        var lines = Lines();
        Assert.Equal(
            MetricSet.SeriesMax, lines.Count(line => line.StartsWith("many{", StringComparison.Ordinal)));
        Assert.Contains("""waf_metric_series_cut{metric="many"} 3""", lines);
    }

    [Fact]
    public void Meters_OfTheRuntime_KeepNameTypeAndLabels()
    {
        using var page = new MetricsPage([MetricsPage.RuntimeMeter]);
        GC.Collect();
        var lines = Text(page);
        Assert.Contains("# TYPE dotnet_gc_collections_total counter", lines);
        Assert.Contains(lines, line => line.StartsWith(
            "dotnet_gc_collections_total{gc_heap_generation=\"gen0\"} ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith(
            "# TYPE dotnet_thread_pool_thread_count", StringComparison.Ordinal));
        Assert.Contains("# TYPE dotnet_process_memory_working_set gauge", lines);
    }

    [Fact]
    public void Meters_OfEachKind_AreWhatTheyAre()
    {
        using var meter = new Meter("test.meter");
        using var page = new MetricsPage(["test.meter"]);
        var counter = meter.CreateCounter<long>("test.done");
        var depth = meter.CreateUpDownCounter<int>("test.depth");
        var time = meter.CreateHistogram(
            "test.time", "s", "", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        meter.CreateObservableGauge("test.seen", () => OneAndTwo.Select(
            n => new Measurement<int>(n, new KeyValuePair<string, object?>("n.th", n))));
        counter.Add(2);
        counter.Add(3, new KeyValuePair<string, object?>("error.type", "timeout"));
        depth.Add(4);
        depth.Add(-1);
        time.Record(1.5);

        var lines = Text(page);

        Assert.Contains("test_done_total 2", lines);
        Assert.Contains("""test_done_total{error_type="timeout"} 3""", lines);
        Assert.Contains("# TYPE test_depth gauge", lines);
        Assert.Contains("test_depth 3", lines);
        Assert.Contains("""test_time_bucket{le="2"} 1""", lines);
        Assert.Contains("""test_seen{n_th="2"} 2""", lines);
    }

    private List<string> Shown(string name, Action declare)
    {
        declare();
        return [.. Lines().Where(line => line.Contains(name, StringComparison.Ordinal))];
    }

    private List<string> Lines()
    {
        using var page = new MetricsPage([], _set);
        return Text(page);
    }

    private static List<string> Text(MetricsPage page) =>
        [.. Encoding.UTF8.GetString(page.Write()).Split('\n').Where(line => line.Length > 0)];
}
