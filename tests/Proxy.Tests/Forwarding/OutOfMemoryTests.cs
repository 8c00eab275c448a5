using System.Net;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// A step of a request that finds no memory. When that happens cannot be arranged without luck, so the clock stands in
/// for the allocation: it is asked at the beginning of an exchange and for its event.
/// </summary>
public sealed class OutOfMemoryTests
{
    [Theory]
    [InlineData("RequestPipeline", InspectionMode.Enforce)]
    [InlineData("RequestPipeline", InspectionMode.Detect)]
    [InlineData("Exchange.Report", InspectionMode.Enforce)]
    [InlineData("Exchange.Report", InspectionMode.Detect)]
    public async Task ARequestWithoutMemory_IsRefusedAndCounted_AndTheNextOneIsServed(
        string step, InspectionMode mode)
    {
        var time = new ExhaustedTime(step, () => new InsufficientMemoryException());
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(mode), time: time);
        using var client = sidecar.Client();

        time.IsExhausted = true;
        using (var refused = await client.PostAsync("/a", new StringContent("q=tea")))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        }

        time.IsExhausted = false;
        using (var served = await client.PostAsync("/b", new StringContent("q=tea")))
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.Equal(1, sidecar.Metric("waf_incidents_total{kind=\"out_of_memory\"}"));
        await LeftAsync(sidecar);
        Assert.All(await sidecar.EventsAsync(), decided => Assert.NotEqual("/a", decided.Path));
    }

    /// <summary>
    /// Faults of ours are the server's to answer; they are counted, and end nothing but their request.
    /// </summary>
    [Fact]
    public async Task ARequestWithAnyOtherFault_IsCounted_AndTheNextOneIsServed()
    {
        var time = new ExhaustedTime("Exchange.Report", () => new InvalidOperationException("a fault"));
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(InspectionMode.Enforce), time: time);
        using var client = sidecar.Client();

        time.IsExhausted = true;
        using (var failed = await client.GetAsync("/a"))
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        time.IsExhausted = false;
        using (var served = await client.GetAsync("/b")) Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.Equal(1, sidecar.Metric("waf_incidents_total{kind=\"request_failed\"}"));
        await LeftAsync(sidecar);
    }

    /// <summary>The room that requests took is free again, a moment after their answers.</summary>
    private static async Task LeftAsync(TestSidecar sidecar)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (sidecar.Metric("waf_inspected_requests") > 0) await Task.Delay(20, patience.Token);
    }

    private static PolicyDocument Policy(InspectionMode mode) => TestSidecar.Policy(mode, "SecRuleEngine On") with
    {
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
    };

    /// <summary>
    /// Fails once, where it is first asked from within something of that name: the pipeline for the beginning, as a
    /// constructor may be inlined and then is on no stack.
    /// </summary>
    private sealed class ExhaustedTime(string step, Func<Exception> failure) : TimeProvider
    {
        public volatile bool IsExhausted;

        public override DateTimeOffset GetUtcNow()
        {
            if (!IsExhausted || !Environment.StackTrace.Contains(step, StringComparison.Ordinal))
                return base.GetUtcNow();
            IsExhausted = false;
            throw failure();
        }
    }
}
