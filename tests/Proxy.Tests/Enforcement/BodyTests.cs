using System.Net;
using System.Text;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>How much of a body is inspected, and what happens at its limit.</summary>
public sealed class BodyTests
{
    private const int Limit = 4096;
    private const string Rules = "SecRule REQUEST_BODY \"@contains attack\" \"id:1,phase:2,deny\"\nSecRule ARGS \"@contains attack\" \"id:2,phase:2,deny\"";

    public static TheoryData<BodyInspectionKind, BodyOverLimitOutcome, int, int, HttpStatusCode> Cases => new()
    {
        // kind, over limit, bytes before the attack, bytes after it, outcome
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject, 0, 0, HttpStatusCode.Forbidden },
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject, Limit - 8, 0, HttpStatusCode.Forbidden },
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject, Limit - 7, 0, HttpStatusCode.RequestEntityTooLarge },
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject, 0, 100_000, HttpStatusCode.RequestEntityTooLarge },
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.ProcessPartial, 100, 100_000, HttpStatusCode.Forbidden },
        { BodyInspectionKind.Buffered, BodyOverLimitOutcome.ProcessPartial, 100_000, 0, HttpStatusCode.OK },
        { BodyInspectionKind.Window, BodyOverLimitOutcome.Reject, 100, 100_000, HttpStatusCode.Forbidden },
        { BodyInspectionKind.Window, BodyOverLimitOutcome.Reject, 100_000, 0, HttpStatusCode.OK },
        { BodyInspectionKind.HeadersOnly, BodyOverLimitOutcome.Reject, 0, 0, HttpStatusCode.OK },
    };

    [Theory, MemberData(nameof(Cases))]
    public async Task Body_ByModeAndLength_IsBlockedRefusedOrArrivesWhole(
        BodyInspectionKind kind, BodyOverLimitOutcome overLimit, int before, int after, HttpStatusCode expected)
    {
        foreach (var isChunked in new[] { false, true })
        {
            string? arrived = null;
            await using var upstream = await TestUpstream.StartAsync(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                arrived = await reader.ReadToEndAsync();
            });
            var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Body = new BodyInspection { Mode = kind, LimitBytes = Limit, OverLimit = overLimit },
            };
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
            using var client = sidecar.Client();
            var body = "a=" + new string('x', before) + "attack" + new string('y', after);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/")
            {
                Content = new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"),
                Headers = { TransferEncodingChunked = isChunked },
            };

            using var response = await client.SendAsync(request);

            Assert.Equal(expected, response.StatusCode);
            Assert.Equal(expected is HttpStatusCode.OK ? body : null, arrived);
        }
    }

    /// <summary>A pattern that reads a value again and again spends what a request may spend.</summary>
    [Fact]
    public async Task Body_ThatTakesTooMuchWork_IsTooLargeAndTheRuleIsNamed()
    {
        const string Expensive = "SecRule ARGS \"@rx (x+x+)+y\\1\" \"id:17,phase:2,deny\"";
        await using var upstream = await TestUpstream.StartAsync(_ => Task.CompletedTask);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Expensive));
        using var client = sidecar.Client();

        using var response = await client.PostAsync("/", new FormUrlEncodedContent(
            [new KeyValuePair<string, string>("a", new string('x', 60_000) + "y!")]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        var decided = Assert.Single(await sidecar.EventsAsync());
        Assert.Contains("rule 17", decided.Message);
    }

    [Fact]
    public async Task Body_LongerThanTheLimitInDetect_ArrivesWholeAndIsRecorded()
    {
        string? arrived = null;
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            arrived = await reader.ReadToEndAsync();
        });
        var policy = TestSidecar.Policy(
            InspectionMode.Detect, Rules) with { Body = new BodyInspection { LimitBytes = Limit } };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();
        var body = "a=" + new string('x', 3 * Limit);

        using var response = await client.PostAsync("/", new StringContent(body));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, arrived);
        var record = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(
            (VerdictKind.Allow, VerdictKind.Block, "Limit"), (record.Verdict, record.WouldHave, record.Reason));
    }

    [Fact]
    public async Task Bodies_TogetherOverTheBudget_AreRefusedNotHeld()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(
                InspectionMode.Enforce, Rules), new ProxyLimits { BufferedBytesMax = 40 * 1024 });
        using var client = sidecar.Client();

        using var small = await client.PostAsync("/", new ByteArrayContent(new byte[20 * 1024]));
        using var large = await client.PostAsync("/", new ByteArrayContent(new byte[40 * 1024]));
        using var again = await client.PostAsync("/", new ByteArrayContent(new byte[20 * 1024]));

        Assert.Equal(HttpStatusCode.OK, small.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, large.StatusCode);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Body_EndsEarly_NothingReachesTheApplication()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));

        using (var connection = await RawConnection.OpenAsync(sidecar.Endpoint))
            await connection.SendAsync("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\nabc");
        using var client = sidecar.Client();
        using var after = await client.GetAsync("/after");

        Assert.Equal("/after", Assert.Single(upstream.Seen).Target);
    }
}
