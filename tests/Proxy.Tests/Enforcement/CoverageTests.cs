using System.IO.Compression;
using System.Net;
using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>
/// A request that went on without having been looked at whole says so: in its event, in the metric and in the status.
/// </summary>
public sealed class CoverageTests
{
    private const int Limit = 4096;
    private const string Rules = "SecRule ARGS|REQUEST_BODY \"@contains attack\" \"id:1,phase:2,deny\"";

    private static readonly PolicyDocument Enforce = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
    {
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        Body = new BodyInspection { LimitBytes = Limit },
    };

    public static TheoryData<string, PolicyDocument, string, int, UninspectedReason?> Cases => new()
    {
        { "get", Enforce, "/", 0, null },
        { "form", Enforce, "/", 100, null },
        { "route off", Enforce with { Routes = [new RoutePolicy { PathPrefix = "/off", Mode = InspectionMode.Off }] },
            "/off", 100, UninspectedReason.RouteOff },
        { "route off in Detect", Detect(Enforce with { Routes = [new RoutePolicy { PathPrefix = "/off", Mode =
            InspectionMode.Off }] }), "/off", 100, UninspectedReason.RouteOff },
        { "no engine", Enforce with { Rules = null }, "/", 100, UninspectedReason.NoEngine },
        { "bypass client", Enforce with { AccessLists = new AccessLists { BypassClients = ["127.0.0.1"] } }, "/", 100,
            UninspectedReason.BypassClient },
        { "headers only", Body(BodyInspectionKind.HeadersOnly), "/", 100, UninspectedReason.HeadersOnly },
        { "headers only, no body", Body(BodyInspectionKind.HeadersOnly), "/", 0, null },
        { "window, within", Body(BodyInspectionKind.Window), "/", 100, null },
        { "window, beyond", Body(BodyInspectionKind.Window), "/", 3 * Limit, UninspectedReason.WindowEnd },
        { "partial, beyond", Body(BodyInspectionKind.Buffered, BodyOverLimitOutcome.ProcessPartial), "/", 3 * Limit,
            UninspectedReason.OverLimit },
        { "too long in Detect", Detect(Enforce), "/", 3 * Limit, UninspectedReason.OverLimit },
    };

    [Theory, MemberData(nameof(Cases))]
    public async Task Forwarded_SaysWhatWasLookedAt(string name, PolicyDocument policy, string path, int body,
        UninspectedReason? expected)
    {
        foreach (var isChunked in new[] { false, true })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
            using var client = sidecar.Client();
            using var request = new HttpRequestMessage(body > 0 ? HttpMethod.Post : HttpMethod.Get, path);
            if (body > 0)
            {
                request.Content = new StringContent("a=" + new string('x', body - 2), Encoding.ASCII,
                    "application/x-www-form-urlencoded");
                request.Headers.TransferEncodingChunked = isChunked;
            }

            using var response = await client.SendAsync(request);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var metrics = await client.GetStringAsync(new Uri(sidecar.Admin, "/metrics"));
            var coverage = Assert.Single(await sidecar.EventsAsync()).Coverage!;
            var counters = sidecar.Sidecar.Status().Inspection;
            Assert.True(coverage.IsWhole == expected is null, name);
            Assert.Equal(expected is { } why ? [why] : [], coverage.Uninspected);
            Assert.Equal((1, expected is null ? 1 : 0), (counters.Requests, counters.Whole));
            Assert.Equal(expected is { } one ? [one.ToString()] : [], counters.Uninspected.Keys);
            foreach (var reason in Enum.GetValues<UninspectedReason>().Where(reason =>
                reason is not UninspectedReason.Limit))
                Assert.Contains(
                    $"waf_uninspected_total{{why=\"{reason}\",limit=\"\"}} {(reason == expected ? 1 : 0)}\n", metrics,
                    StringComparison.Ordinal);
            Assert.True(counters.BytesInspected <= counters.Bytes, name);
            Assert.InRange(counters.Bytes, body, body + 1_000);
            if (expected is null) Assert.Equal(counters.Bytes, counters.BytesInspected);
            else Assert.True(counters.BytesInspected < counters.Bytes || isChunked, name);
        }
    }

    [Fact]
    public async Task PolicyOff_IsCountedAsWhatItIs()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Enforce with { Mode =
            InspectionMode.Off });
        using var client = sidecar.Client();

        (await client.GetAsync("/")).Dispose();

        Assert.Equal([nameof(UninspectedReason.PolicyOff)], sidecar.Sidecar.Status().Inspection.Uninspected.Keys);
        var metrics = await client.GetStringAsync(new Uri(sidecar.Admin, "/metrics"));
        Assert.Contains("waf_requests_total{verdict=\"Allow\",reason=\"Off\"} 1\n", metrics, StringComparison.Ordinal);
    }

    /// <summary>More of something than is read, with the attack behind it.</summary>
    public static TheoryData<string, string> Beyond => new()
    {
        { "/", "Cookie: " + string.Concat(Enumerable.Repeat("a=1;", HttpLimits.Default.CookiesMax + 10))
            + "q=attack\r\n" },
    };

    [Theory, MemberData(nameof(Beyond))]
    public async Task BeyondALimit_FollowsThePolicy_AndNamesTheLimit(string target, string header)
    {
        foreach (var (mode, uninspected, forwards) in new[]
        {
            (InspectionMode.Enforce, UninspectedOutcome.Block, false), (InspectionMode.Enforce,
                UninspectedOutcome.Record, true),
            (InspectionMode.Detect, UninspectedOutcome.Block, true), (InspectionMode.Detect, UninspectedOutcome.Record,
                true),
        })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(
                upstream.Address,
                Enforce with { Mode = mode, FailureModes = new FailureModes { Uninspected = uninspected } });

            var answer = await RawConnection.ExchangeAsync(
                sidecar.Endpoint, $"GET {target} HTTP/1.1\r\nHost: shop\r\n{header}Connection: close\r\n\r\n");

            Assert.StartsWith(forwards ? "HTTP/1.1 200" : "HTTP/1.1 403", answer, StringComparison.Ordinal);
            Assert.Equal(forwards ? 1 : 0, upstream.Seen.Count);
            var record = Assert.Single(await sidecar.EventsAsync());
            Assert.Equal(uninspected is UninspectedOutcome.Block ? VerdictKind.Block : VerdictKind.Allow,
                record.WouldHave);
            Assert.Equal(uninspected is UninspectedOutcome.Block ? "Limit" : "Uninspected", record.Reason);
            Assert.Contains(UninspectedReason.Limit, record.Coverage!.Uninspected);
            Assert.NotEmpty(record.Coverage.Limits);
        }
    }

    [Theory]
    [InlineData(UninspectedOutcome.Block)]
    [InlineData(UninspectedOutcome.Record)]
    public async Task Pause_InTheWindow_IsWaitedForOrSaid(UninspectedOutcome uninspected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Body(BodyInspectionKind.Window) with { FailureModes = new FailureModes { Uninspected =
            uninspected } };
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy, new ProxyLimits { WindowHoldMax = TimeSpan.FromMilliseconds(100) });
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n"
            + "Connection: close\r\n\r\na=");
        await Task.Delay(600);
        await connection.SendAsync("attack");
        var answer = await connection.ReadToEndAsync();

        var record = Assert.Single(await sidecar.EventsAsync());
        if (uninspected is UninspectedOutcome.Block)
        {
            Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
            Assert.Empty(upstream.Seen);
            Assert.Equal("Rules", record.Reason);
            return;
        }

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("Uninspected", record.Reason);
        Assert.Equal([UninspectedReason.WindowTime], record.Coverage!.Uninspected);
    }

    [Theory]
    [InlineData(UninspectedOutcome.Block, HttpStatusCode.ServiceUnavailable)]
    [InlineData(UninspectedOutcome.Record, HttpStatusCode.OK)]
    public async Task NoRoom_RulesOpen_FollowsThePolicy(UninspectedOutcome uninspected, HttpStatusCode expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Enforce with
        {
            Body = new BodyInspection { LimitBytes = 1 << 20 },
            FailureModes = new FailureModes { Rules = FailureMode.Open, Uninspected = uninspected },
        };
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy, new ProxyLimits { BufferedBytesMax = 32 * 1024 });
        using var client = sidecar.Client();

        using var response = await client.PostAsync("/", new ByteArrayContent(new byte[60 * 1024]));

        Assert.Equal(expected, response.StatusCode);
        Assert.Contains(UninspectedReason.NoRoom, Assert.Single(await sidecar.EventsAsync()).Coverage!.Uninspected);
    }

    /// <summary>A few kilobytes that unpack to much are counted as what they become; and given back.</summary>
    [Fact]
    public async Task NoRoom_ForWhatABodyUnpacksTo_IsUnavailable()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Enforce with { Body = new BodyInspection { LimitBytes = 1 << 20 } };
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy, new ProxyLimits { BufferedBytesMax = 256 * 1024 });
        using var client = sidecar.Client();
        foreach (var (kilobytes, expected) in ((int, HttpStatusCode)[])
            [(1000, HttpStatusCode.ServiceUnavailable), (100, HttpStatusCode.OK), (100, HttpStatusCode.OK)])
        {
            var numbers = Enumerable.Range(0, kilobytes * 200).Select(i => i / 8 * 7919 % 10007);
            var text = Encoding.ASCII.GetBytes(string.Join(" ", numbers));
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(text);
            using var content = new ByteArrayContent(packed.ToArray());
            content.Headers.ContentEncoding.Add("gzip");

            using var response = await client.PostAsync("/", content);

            Assert.Equal(expected, response.StatusCode);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WebSocket_WhoseMessagesAreNotInspected_SaysSo(bool isInspected)
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16], context.RequestAborted);
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, isInspected ? Enforce
            : Enforce with { Body = new BodyInspection { LimitBytes = Limit, Messages = MessageInspection.Off } });
        using (var socket = new System.Net.WebSockets.ClientWebSocket())
        {
            await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws"), CancellationToken.None);
            await socket.SendAsync("hi"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true,
                CancellationToken.None);
        }

        Assert.Equal(
            isInspected ? [] : [nameof(UninspectedReason.Stream)],
            sidecar.Sidecar.Status().Inspection.Uninspected.Keys);
    }

    private static PolicyDocument Body(BodyInspectionKind kind, BodyOverLimitOutcome overLimit =
        BodyOverLimitOutcome.Reject) =>
        Enforce with { Body = new BodyInspection { Mode = kind, LimitBytes = Limit, OverLimit = overLimit } };

    private static PolicyDocument Detect(PolicyDocument policy) => policy with { Mode = InspectionMode.Detect };
}
