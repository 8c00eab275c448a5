using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>What the modes do with the same requests.</summary>
public sealed class ModeTests
{
    private const string Rules =
        """
        SecRule ARGS:q "@contains attack" "id:10,phase:2,deny,msg:'An attack',severity:CRITICAL,tag:'attack-test',logdata:'%{MATCHED_VAR}'"
        SecRule REQUEST_URI "@contains notfound" "id:11,phase:1,deny,status:404"
        SecRule REQUEST_URI "@contains moved" "id:12,phase:1,redirect:'https://example.org/x',status:302"
        SecRule REQUEST_URI "@contains slam" "id:13,phase:1,drop"
        """;

    [Fact]
    public async Task Enforce_Attack_IsBlockedAndRecorded()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var client = sidecar.Client();

        using var blocked = await client.GetAsync("/search?q=an+attack");
        using var passed = await client.GetAsync("/search?q=tea");

        Assert.Equal(HttpStatusCode.Forbidden, blocked.StatusCode);
        var id = Assert.Single(blocked.Headers.GetValues("waf-event-id"));
        Assert.Contains(id, await blocked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Equal("/search?q=tea", Assert.Single(upstream.Seen).Target);
        var record = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(id, record.Id);
        Assert.Equal((VerdictKind.Block, VerdictKind.Block, "Rules", 403), (record.Verdict, record.WouldHave, record.Reason, record.StatusCode));
        Assert.Equal(("GET", "/search", "127.0.0.1"), (record.Method, record.Path, record.Client));
        var rule = Assert.Single(record.Rules);
        Assert.Equal((10, "An attack", "Critical", "ARGS:q", "an attack"), (rule.Id, rule.Message, rule.Severity, rule.Variable, rule.Data));
    }

    [Fact]
    public async Task Detect_Attack_PassesAndIsRecordedAsEnforceWouldHave()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Detect, Rules));
        using var client = sidecar.Client();

        using var response = await client.PostAsync("/search", new FormUrlEncodedContent([new("q", "an attack")]));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(upstream.Seen);
        Assert.Equal(1, sidecar.Sidecar.Status().Requests.WouldBlock);
        var record = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(
            (VerdictKind.Allow, VerdictKind.Block, "Rules"), (record.Verdict, record.WouldHave, record.Reason));
    }

    [Fact]
    public async Task Off_Attack_PassesUnseen()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(
            InspectionMode.Off, Rules) with { AccessLists = new AccessLists { DenyPaths = ["/"] } };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/?q=attack");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await sidecar.EventsAsync());
    }

    [Fact]
    public async Task Route_ModeOfALongerPrefix_Wins()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Routes = [new RoutePolicy { PathPrefix = "/static", Mode = InspectionMode.Off }, new RoutePolicy { PathPrefix = "/static/api", Mode = InspectionMode.Enforce }],
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);

        Assert.Equal(HttpStatusCode.OK, await GetAsync(sidecar, "/static/x?q=attack"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/static/api?q=attack"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/staticx?q=attack"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/static/../a?q=attack"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/static/%2e%2e/a?q=attack"));
    }

    [Fact]
    public async Task Actions_StatusRedirectDrop_AreCarriedOut()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var client = sidecar.Client();

        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(sidecar, "/notfound"));
        using var moved = await client.GetAsync("/moved");
        Assert.Equal(HttpStatusCode.Redirect, moved.StatusCode);
        Assert.Equal("https://example.org/x", moved.Headers.Location!.ToString());
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/slam"));
        Assert.Empty(upstream.Seen);
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml", "text/html", "<!doctype html>")]
    [InlineData("application/json", "application/json", "{\"error\"")]
    [InlineData("*/*", "application/json", "{\"error\"")]
    public async Task BlockResponse_WithoutOwnBody_SpeaksTheClientsLanguage(string accept, string type, string start)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var client = sidecar.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);

        using var response = await client.GetAsync("/?q=attack");

        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith(start, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(response.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task BlockResponse_OfThePolicy_IsUsed()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            BlockResponse = new BlockResponse { StatusCode = 418, Body = "<p>no: {eventId}</p>" },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/?q=attack");
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/?q=attack"));

        Assert.Equal(418, (int)response.StatusCode);
        Assert.Equal($"<p>no: {response.Headers.GetValues("waf-event-id").Single()}</p>", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(418, (int)head.StatusCode);
    }

    [Fact]
    public async Task Response_RuleOfPhaseFour_BlocksBeforeTheClientSeesAByte()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/html";
            context.Response.Headers["X-Backend"] = "secret";
            await context.Response.Body.WriteAsync("<p>ORA-00933: leaked</p>"u8.ToArray());
        });
        const string rules =
            """
            SecResponseBodyAccess On
            SecRule RESPONSE_BODY "@contains ORA-00933" "id:20,phase:4,deny,msg:'A database error leaks'"
            """;
        var policy = TestSidecar.Policy(InspectionMode.Enforce, rules);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy with { Rules = policy.Rules! with { InspectResponses = true } });
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/");

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False(response.Headers.Contains("X-Backend"));
        Assert.DoesNotContain("ORA", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(VerdictKind.Block, Assert.Single(await sidecar.EventsAsync()).Verdict);
    }

    [Fact]
    public async Task Response_LongerThanInspected_ArrivesWhole()
    {
        var body = new byte[3 * 1024 * 1024];
        Random.Shared.NextBytes(body);
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/html";
            await context.Response.Body.WriteAsync(body);
        });
        var policy = TestSidecar.Policy(InspectionMode.Enforce, "SecResponseBodyAccess On\nSecRule RESPONSE_BODY \"@contains ORA-00933\" \"id:20,phase:4,deny\"");
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy with { Rules = policy.Rules! with { InspectResponses = true } });
        using var client = sidecar.Client();

        Assert.Equal(body, await client.GetByteArrayAsync("/"));
    }

    private static async Task<HttpStatusCode> GetAsync(TestSidecar sidecar, string target)
    {
        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, $"GET {target} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
        return (HttpStatusCode)int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
    }
}
