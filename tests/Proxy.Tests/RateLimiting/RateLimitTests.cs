using System.Net;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.RateLimiting;

public sealed class RateLimitTests
{
    private static readonly RateLimit PerClient = new()
    {
        Name = "per-client", Key = RateLimitKeyKind.Client, Requests = 6, Period = TimeSpan.FromMinutes(1), Burst = 2,
    };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Take_BurstThenSteadyRate_RefillsWithTime()
    {
        var limits = new RateLimitProgram([PerClient], _time);

        Assert.Equal([true, true, false], Take(limits, "1.1.1.1", 3));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal([false], Take(limits, "1.1.1.1", 1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true, false], Take(limits, "1.1.1.1", 2));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal([true, true, false], Take(limits, "1.1.1.1", 3));
    }

    [Fact]
    public void Take_Refused_TellsWhenToComeBack()
    {
        var limits = new RateLimitProgram([PerClient], _time);
        Take(limits, "1.1.1.1", 2);

        var outcome = limits.Take(Client("1.1.1.1"), Request("/"));
        _time.Advance(outcome.RetryAfter);

        Assert.Equal("per-client", outcome.Limit);
        Assert.Equal(10, outcome.RetryAfter.TotalSeconds, 3);
        Assert.Equal([true], Take(limits, "1.1.1.1", 1));
    }

    [Fact]
    public void Take_RefusedRequests_DoNotPushTheMomentAway()
    {
        var limits = new RateLimitProgram([PerClient], _time);
        Take(limits, "1.1.1.1", 100);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([true], Take(limits, "1.1.1.1", 1));
    }

    [Fact]
    public void Take_ClientsAreApart_AndIpv6CountsByNetwork()
    {
        var limits = new RateLimitProgram([PerClient], _time);

        Assert.Equal([true, true, false], Take(limits, "1.1.1.1", 3));
        Assert.Equal([true], Take(limits, "1.1.1.2", 1));
        Assert.Equal([true, true, false], Take(limits, "2001:db8::1", 3));
        Assert.Equal([false], Take(limits, "2001:db8::ffff:2", 1));
        Assert.Equal([true], Take(limits, "2001:db8:0:1::1", 1));
    }

    [Theory]
    [InlineData(RateLimitKeyKind.Session, "Cookie", "sid=")]
    [InlineData(RateLimitKeyKind.Header, "X-Api-Key", "")]
    public void Take_ANewKeyForEachRequest_IsLimitedByClient(RateLimitKeyKind key, string header, string before)
    {
        var limits = new RateLimitProgram(
            [PerClient with { Key = key, KeyName = key is RateLimitKeyKind.Session ? "sid" : header }], _time);

        var invented = Enumerable.Range(0, 50).Select(i => TakeWith(limits, header, $"{before}{i}", 1)[0]).ToList();
        var repeated = Enumerable.Range(0, 50).Select(i => TakeWith(limits, header, $"{before}{i}", 1)[0]).ToList();

        Assert.Equal(2, invented.Count(passed => passed));
        // A key that was refused does not become a known one; the two that passed have one more token each.
        Assert.Equal(2, repeated.Count(passed => passed));
    }

    [Fact]
    public void Take_BySessionHeaderAndRoute_CountTheirKeys()
    {
        var session = new RateLimitProgram([PerClient with { Key = RateLimitKeyKind.Session, KeyName = "sid" }], _time);
        var header = new RateLimitProgram([PerClient with { Key = RateLimitKeyKind.Header, KeyName = "X-Api-Key" }], _time);
        var route = new RateLimitProgram([PerClient with { Key = RateLimitKeyKind.Route, PathPrefix = "/login" }], _time);

        Assert.Equal([true, true, false], TakeWith(session, "Cookie", "a=1; sid=x", 3));
        Assert.Equal([true], TakeWith(session, "Cookie", "sid=y", 1));
        Assert.Equal([true, true, false], TakeWith(session, "Cookie", "other=1", 3));
        Assert.Equal([true, true, false], TakeWith(header, "x-api-key", "k1", 3));
        Assert.Equal([true], TakeWith(header, "X-API-KEY", "k2", 1));
        Assert.Equal([true, true], Take(route, "1.1.1.1", 2, "/login"));
        Assert.Equal([false], Take(route, "1.1.1.2", 1, "/login/x"));
        Assert.Equal([true, true, true], Take(route, "1.1.1.1", 3, "/loginx"));
        Assert.Equal([false], Take(route, "1.1.1.3", 1, "/x/../%6cogin"));
    }

    [Fact]
    public void Take_DryRun_OnlyTells()
    {
        var limits = new RateLimitProgram([PerClient with { DryRun = true }], _time);
        Take(limits, "1.1.1.1", 2);

        var outcome = limits.Take(Client("1.1.1.1"), Request("/"));

        Assert.Null(outcome.Limit);
        Assert.Equal("per-client", outcome.DryRunLimit);
    }

    [Fact]
    public void Reload_UnchangedLimit_KeepsItsCounters()
    {
        var limits = new RateLimitProgram([PerClient], _time);
        Take(limits, "1.1.1.1", 2);

        var same = new RateLimitProgram([PerClient with { }], _time, limits);
        var changed = new RateLimitProgram([PerClient with { Burst = 3 }], _time, limits);

        Assert.Equal([false], Take(same, "1.1.1.1", 1));
        Assert.Equal([true], Take(changed, "1.1.1.1", 1));
    }

    [Fact]
    public void Buckets_MoreKeysThanRoom_WhoIsLimitedStaysLimited()
    {
        var buckets = new TokenBuckets(requests: 10, periodTicks: 10_000, burst: 10, keysMax: 64);
        for (var i = 0; i < 20; i++) buckets.Take(7, now: 0);

        for (UInt128 key = 100; key < 5_000; key++) buckets.Take(key, now: 0);

        Assert.True(buckets.Take(7, now: 0) > 0);
        Assert.True(buckets.Evicted > 0);
    }

    [Fact]
    public async Task Limited_OverTheWire_Is429WithRetryAfter_AndDetectLetsItPass()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with { RateLimits = [PerClient] };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        for (var i = 0; i < 2; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);
        using var limited = await client.GetAsync("/");

        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
        Assert.Null(sidecar.Change(policy with { Mode = InspectionMode.Detect }));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);
        var records = await sidecar.EventsAsync();
        Assert.Equal((VerdictKind.Limited, "RateLimit"), (records[0].Verdict, records[0].Reason));
        Assert.Equal((VerdictKind.Allow, VerdictKind.Limited), (records[1].Verdict, records[1].WouldHave));
    }

    private static bool[] Take(RateLimitProgram limits, string client, int times, string path = "/") =>
        [.. Enumerable.Range(0, times).Select(_ => limits.Take(Client(client), Request(path)).Limit is null)];

    private static bool[] TakeWith(RateLimitProgram limits, string header, string value, int times) =>
        [.. Enumerable.Range(0, times).Select(_ => limits.Take(Client("1.1.1.1"), Request("/", header, value)).Limit is null)];

    private static Address Client(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }

    private static CanonicalRequest Request(string path, string? header = null, string? value = null)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", path, "HTTP/1.1");
        request.AddHeader("Host", "shop");
        if (header is not null) request.AddHeader(header, value);
        request.EndHeaders();
        return request;
    }
}
