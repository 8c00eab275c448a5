using System.Diagnostics;
using WafOperator.Fixtures;

namespace WafOperator.Telemetry.Tests;

/// <summary>Whether and how much is traced, and what a collector gets.</summary>
public sealed class TraceTests
{
    private static readonly Dictionary<string, string> Resource = new() { ["service.name"] = "waf-test" };

    [Theory]
    [InlineData("", false, 0.25, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", true, 0.25, false)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:4318/v1/traces", true, 0.25, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 OTEL_SDK_DISABLED=true", false, 0.25, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 OTEL_TRACES_EXPORTER=none", false, 0.25, false)]
    [InlineData("OTEL_TRACES_SAMPLER=always_on", false, 1, false)]
    [InlineData("OTEL_TRACES_SAMPLER=always_off", false, 0, false)]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0.5", false, 0.5, false)]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio", false, 1, false)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.1", false, 0.1, true)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_always_off", false, 0, true)]
    public void Read_TakesWhatTheEnvironmentSays(string environment, bool isOn, double ratio, bool followsCaller)
    {
        List<string> problems = [];
        var settings = TraceSettings.Read(Variables(environment), 0.25, problems);
        Assert.Equal((isOn, ratio, followsCaller), (settings.IsOn, settings.Ratio, settings.FollowsCaller));
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("OTEL_TRACES_SAMPLER=jaeger_remote")]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=2")]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=NaN")]
    public void Read_WhatIsNotUnderstood_IsSaidAndLeavesTheDefault(string environment)
    {
        List<string> problems = [];
        var settings = TraceSettings.Read(Variables(environment), 0.25, problems);
        Assert.Equal((0.25, false), (settings.Ratio, settings.FollowsCaller));
        Assert.Contains("OTEL_TRACES_SAMPLER", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.1, false, true, 0.5, false)]
    [InlineData(0.1, false, true, 0.05, true)]
    [InlineData(0.0, false, true, 0.0, false)]
    [InlineData(0.0, true, true, 0.5, true)]
    [InlineData(0.1, true, false, 0.5, false)]
    public void Takes_ACallersWordCountsOnlyWhereItIsAsked(
        double ratio, bool followsCaller, bool isCallerSampled, double chance, bool expected)
    {
        var settings = new TraceSettings { Ratio = ratio, FollowsCaller = followsCaller };
        var sampler = new TraceSampler(settings, new FakeTimeProvider(), () => chance);
        Assert.Equal(expected, sampler.Takes(isCallerSampled));
    }

    [Fact]
    public void Takes_NeverMoreThanTheBoundInASecond()
    {
        var time = new FakeTimeProvider();
        var sampler = new TraceSampler(new TraceSettings { Ratio = 1, FollowsCaller = true }, time, () => 0);
        Assert.Equal(TraceSettings.PerSecondMax, Enumerable.Range(0, 10_000).Count(_ => sampler.Takes(true)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TraceSettings.PerSecondMax, Enumerable.Range(0, 10_000).Count(_ => sampler.Takes(true)));
    }

    [Fact]
    public void Begin_WithoutCollector_IsNothing()
    {
        var source = new SpanSource("test.off");
        Assert.False(source.IsOn);
        Assert.Null(TraceExport.Start(new TraceSettings { Ratio = 1 }, Resource, source));
        Assert.Null(source.Begin("work"));
    }

    [Fact]
    public async Task Spans_ReachTheCollector_WithParentResourceAndEvents()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        var source = new SpanSource("test.sent");
        var settings = new TraceSettings { IsOn = true, Ratio = 1, Endpoint = collector.Endpoint };
        var caller = ActivityContext.Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", null);
        using (var export = TraceExport.Start(settings, Resource, source))
        {
            using (var span = source.Begin("work", ActivityKind.Server, caller)!.SetTag("how", "well"))
                span.AddEvent(new ActivityEvent("half"));
            source.Past("long ago", caller, DateTimeOffset.UtcNow.AddDays(-2))!.Dispose();
            Assert.True(export!.Flush(10_000));
        }

        Assert.False(source.IsOn);
        var work = Assert.Single(collector.Spans, span => span.Name == "work");
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", work.TraceId);
        Assert.Equal("b7ad6b7169203331", work.Parent);
        Assert.Equal("well", work.Attributes["how"]);
        Assert.Equal(["half"], work.Events);
        Assert.Equal("waf-test", work.Resource["service.name"]);
        Assert.Equal(work.TraceId, Assert.Single(collector.Spans, span => span.Name == "long ago").TraceId);
    }

    private static Func<string, string?> Variables(string environment)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => variables.GetValueOrDefault(name);
    }
}
