using System.Net;
using System.Text;
using WafOperator.Fixtures;
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

    private static readonly RateLimit Stuffing = new()
    {
        Name = "stuffing", PathPrefix = "/login", Requests = 3, Period = TimeSpan.FromHours(1),
        Distinct = new DistinctValues { Of = RateLimitKeyKind.Parameter, Name = "user" },
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
    public void Take_ByJwtClaim_CountsTheClaim_AndWhatIsNoTokenByClient()
    {
        var limits = new RateLimitProgram(
            [PerClient with { Key = RateLimitKeyKind.JwtClaim, KeyName = "sub", Burst = 3 }], _time);

        Assert.Equal([true, true], TakeWith(limits, "Authorization", Token("""{"iat":1,"sub":"ann"}"""), 2));
        Assert.Equal([true, false], TakeWith(limits, "Authorization", Token("""{"sub":"ann","iat":2}"""), 2));
        Assert.Equal([true], TakeWith(limits, "Authorization", Token("""{"sub":"bob"}"""), 1));
        Assert.Equal([true, true, true, false], TakeWith(limits, "Authorization", "Bearer nonsense", 4));
    }

    /// <summary>Nobody checked the token: what is forged must not use up what is another's.</summary>
    [Fact]
    public void Take_AForgedClaim_CountsWithinItsClient()
    {
        var limits = new RateLimitProgram(
            [PerClient with { Key = RateLimitKeyKind.JwtClaim, KeyName = "sub", Burst = 3 }], _time);
        var token = Token("""{"sub":"ann"}""");

        for (var i = 0; i < 20; i++) limits.Take(Client("6.6.6.6"), Request("/", "Authorization", token));

        Assert.Equal([true, true, true, false], TakeWith(limits, "Authorization", token, 4));
    }

    /// <summary>Names as PHP folds them are the same parameter; and no name at all is one value.</summary>
    [Fact]
    public void Take_NamesThatOnlyTheApplicationReadsAsTheParameter_CountToo()
    {
        var limits = new RateLimitProgram(
            [PerClient with { Key = RateLimitKeyKind.Parameter, KeyName = "user_name", Burst = 2 }], _time);
        string[] names =
            ["user_name", "+user_name", "user.name", "USER+NAME", "user%5Bname", "user_name%00x", "user_name[]"];
        for (var i = 0; i < names.Length; i++)
        {
            var passed = limits.TakeOfBody(Client($"1.1.2.{i}"), Request($"/?{names[i]}=ann")).Limit is null;
            Assert.Equal(i < 2, passed);
        }

        var of = new DistinctValues { Of = RateLimitKeyKind.Parameter, Name = "u" };
        var distinct = new RateLimitProgram([PerClient with { Requests = 2, Distinct = of }], _time);
        bool[] values = [.. ((string[])["u=a", "x=1", "x=2", "u=b"]).Select(query =>
            distinct.TakeOfBody(Client("1.1.1.9"), Request($"/?{query}")).Limit is null)];
        Assert.Equal([true, true, true, false], values);
    }

    [Fact]
    public void Take_AFreshTokenForEachRequest_IsLimitedByClient()
    {
        var limits = new RateLimitProgram(
            [PerClient with { Key = RateLimitKeyKind.JwtClaim, KeyName = "sub" }], _time);

        var passed = Enumerable.Range(0, 50)
            .Count(i => TakeWith(limits, "Authorization", Token($$"""{"sub":"{{i}}"}"""), 1)[0]);

        Assert.Equal(2, passed);
    }

    [Fact]
    public void TakeOfBody_DistinctUserNamesOfOneClient_AreBounded_AndKnownOnesPass()
    {
        var limits = new RateLimitProgram([Stuffing], _time);

        Assert.True(limits.NeedsBody);
        Assert.Equal([true, true, true], Login(limits, "1.1.1.1", "ann", "bob", "ann"));
        Assert.Equal([true, false, true, false], Login(limits, "1.1.1.1", "cid", "dan", "bob", "eve"));
        Assert.Equal([true], Login(limits, "1.1.1.2", "dan"));
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal([true], Login(limits, "1.1.1.1", "dan"));
    }

    [Fact]
    public void TakeOfBody_OneUserNameFromManyClients_IsBounded_AndASecondNameInFrontIsNoWayAround()
    {
        var sprayed = Stuffing with
        {
            Key = RateLimitKeyKind.Parameter, KeyName = "user",
            Distinct = new DistinctValues { Of = RateLimitKeyKind.Client },
        };
        var limits = new RateLimitProgram([sprayed], _time);

        for (var i = 0; i < 3; i++) Assert.Equal([true], Login(limits, $"1.1.1.{i}", "ann"));

        Assert.Equal([false], Login(limits, "1.1.1.9", "ann"));
        Assert.Equal([false], Login(limits, "1.1.1.9", "x&user=ann"));
        Assert.Equal([true], Login(limits, "1.1.1.2", "ann"));
        Assert.Equal([true], Login(limits, "1.1.1.9", "bob"));
    }

    [Fact]
    public void Charge_FailedResponses_AreWhatIsLimited()
    {
        var failures = PerClient with
        {
            Cost = new RateCost
            {
                Request = 0, BytesPerUnit = 1024,
                Statuses = [new StatusCost { From = 401, To = 401, Cost = 2 },
                    new StatusCost { From = 400, To = 499, Cost = 1 }],
            },
        };
        var limits = new RateLimitProgram([failures], _time);

        Assert.True(limits.IsCharged);
        Assert.Equal(Enumerable.Repeat(true, 20), Take(limits, "1.1.1.1", 20));
        limits.Charge(Client("1.1.1.1"), Request("/"), new ResponseFacts(404, 100));
        Assert.Equal([true], Take(limits, "1.1.1.1", 1));
        limits.Charge(Client("1.1.1.1"), Request("/"), new ResponseFacts(200, 1500));
        Assert.Equal([false], Take(limits, "1.1.1.1", 1));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([true], Take(limits, "1.1.1.1", 1));
        limits.Charge(Client("1.1.1.1"), Request("/"), new ResponseFacts(401, 0));
        Assert.Equal([false], Take(limits, "1.1.1.1", 1));
        Assert.Equal([true], Take(limits, "1.1.1.2", 1));
    }

    [Fact]
    public void Reload_EqualCosts_KeepCounters()
    {
        static RateLimit Limit() => PerClient with
        {
            Cost = new RateCost { Statuses = [new StatusCost { From = 401, To = 401, Cost = 2 }] },
        };

        var limits = new RateLimitProgram([Limit()], _time);
        Take(limits, "1.1.1.1", 2);

        Assert.Equal([false], Take(new RateLimitProgram([Limit()], _time, limits), "1.1.1.1", 1));
    }

    [Fact]
    public void Take_AllKindsOfLimits_AllocateNothing()
    {
        var limits = new RateLimitProgram(
            [
                PerClient with { Requests = 1_000_000, Burst = 0 },
                PerClient with { Name = "b", Key = RateLimitKeyKind.JwtClaim, KeyName = "sub", Requests = 1_000_000 },
                Stuffing with { PathPrefix = null },
            ], _time);
        var client = Client("1.1.1.1");
        var request = Request("/login?user=ann", "Authorization", Token("""{"sub":"ann"}"""));
        for (var i = 0; i < 1000; i++) Both();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1000; i++) Both();
        }));

        void Both()
        {
            limits.Take(client, request);
            limits.TakeOfBody(client, request);
        }
    }

    [Fact]
    public async Task Distinct_OverTheWire_ReadsUserNamesInJsonAndForms_AndSaysHowManyThereMayBe()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with { RateLimits = [Stuffing] };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, await StatusAsync(Json($"u{i}")));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(Json("u3")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Json("u2")));
        using var form = new FormUrlEncodedContent([new("user", "u4")]);
        using var limited = await client.PostAsync("/login", form);

        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.Equal("\"stuffing\";q=3;qu=\"distinct-values\";w=3600",
            limited.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Matches("^\"stuffing\";r=0;t=3[56][0-9]{2}$", limited.Headers.GetValues("RateLimit").Single());

        static StringContent Json(string user) =>
            new($$"""{"user":"{{user}}","password":"x"}""", Encoding.UTF8, "application/json");

        async Task<HttpStatusCode> StatusAsync(HttpContent content)
        {
            using (content)
            {
                using var answer = await client.PostAsync("/login", content);
                return answer.StatusCode;
            }
        }
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
        Assert.Equal("\"per-client\";q=6;w=60", limited.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Matches("^\"per-client\";r=0;t=([1-9]|10)$", limited.Headers.GetValues("RateLimit").Single());
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

    private static bool[] Login(RateLimitProgram limits, string client, params string[] users) =>
        [.. users.Select(user => limits.TakeOfBody(Client(client), Request($"/login?user={user}")).Limit is null)];

    private static string Token(string payload) =>
        $"Bearer e30.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.c2ln";

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
