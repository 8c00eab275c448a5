using System.Net;
using WafOperator.Fixtures;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Telemetry;
using WafOperator.Proxy.Tests.Harness;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Tests.Telemetry;

/// <summary>Requests through a running sidecar as a collector sees them.</summary>
[Collection("traces")]
public sealed class TraceTests
{
    private const string Caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private static readonly Dictionary<string, string> Resource = new() { ["service.name"] = "waf-sidecar" };

    [Fact]
    public async Task Requests_AreSpansWithStages_AndTheApplicationIsCalledByThem()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(
                InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:77,phase:2,deny\""));
        using var client = sidecar.Client();
        var settings = new TraceSettings { IsOn = true, Ratio = 1, Endpoint = collector.Endpoint };
        using (var export = TraceExport.Start(settings, Resource, RequestSpan.Source))
        {
            (await SendAsync(client, "/secret-path?q=good", Caller)).Dispose();
            (await SendAsync(client, "/?q=attack", Caller)).Dispose();
            Assert.True(export!.Flush(10_000));
        }

        var spans = collector.Spans.Where(span => span.TraceId == TraceId).ToList();
        Assert.All(spans, span => Assert.Equal("b7ad6b7169203331", span.Parent));
        var good = Assert.Single(spans, span => span.Attributes["waf.verdict"] == "Allow");
        Assert.Equal(["head", "rules", "decided"], good.Events);
        Assert.Equal("200", good.Attributes["http.response.status_code"]);
        Assert.DoesNotContain(good.Attributes.Values, value => value.Contains("secret", StringComparison.Ordinal));
        var attack = Assert.Single(spans, span => span.Attributes["waf.verdict"] == "Block");
        Assert.Equal("Rules", attack.Attributes["waf.reason"]);
        Assert.Equal("403", attack.Attributes["http.response.status_code"]);
        Assert.Equal($"00-{TraceId}-{good.Id}-01", Assert.Single(upstream.Seen)["traceparent"]);
    }

    /// <summary>A client that says "sampled" on every request, where one in none is traced.</summary>
    [Fact]
    public async Task Requests_WhoseCallerAsksForIt_AreNotTracedForThat()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce));
        using var client = sidecar.Client();
        await using var collector = await OtlpReceiver.StartAsync();
        var settings = new TraceSettings { IsOn = true, Ratio = 0, Endpoint = collector.Endpoint };
        using (var export = TraceExport.Start(settings, Resource, RequestSpan.Source))
        {
            using var answer = await SendAsync(client, "/", Caller);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.True(export!.Flush(10_000));
        }

        Assert.Empty(collector.Spans);
        Assert.Equal(Caller, Assert.Single(upstream.Seen)["traceparent"]);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string path, string parent)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("traceparent", parent);
        return client.SendAsync(request);
    }
}

/// <summary>There is one source and one bound a process: other tests' requests would use it up.</summary>
[CollectionDefinition("traces", DisableParallelization = true)]
public sealed class TraceCollection;
