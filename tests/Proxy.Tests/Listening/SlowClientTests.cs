using System.Diagnostics;
using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Listening;

/// <summary>Clients that hold connections and bodies back; others must not notice.</summary>
public sealed class SlowClientTests : IAsyncLifetime
{
    private const string Rules = "SecRequestBodyAccess On\nSecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private TestUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await TestUpstream.StartAsync();

    public Task DisposeAsync() => _upstream.DisposeAsync().AsTask();

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PRI * HTTP/2.")]
    [InlineData("GET / HTTP/1.1\r\nHost: sh")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0")]
    public async Task ConnectionThatBringsNoRequest_IsClosedInTime(string start)
    {
        await using var sidecar = await StartAsync(new ProxyLimits
        {
            FirstByteWithin = TimeSpan.FromSeconds(1), HeadersWithin = TimeSpan.FromSeconds(1),
        });
        using var clients = new ManyClients();

        await clients.OpenAsync(sidecar.Endpoint, 1, start);

        await UntilAsync(() => clients.Open == 0, "it is still open");
    }

    [Fact]
    public async Task TableFullOfSilentConnections_TheOldestMakeRoom()
    {
        await using var sidecar = await StartAsync(new ProxyLimits { ConnectionsMax = 50 });
        using var silent = new ManyClients();

        await silent.OpenAsync(sidecar.Endpoint, 300, "");
        using var client = sidecar.Client();
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);

        await UntilAsync(() => silent.Open <= 50, $"{silent.Open} are open");
    }

    [Fact]
    public async Task TableFullOfRequestsBeingAnswered_RefusesAndClosesNone()
    {
        var gate = new TaskCompletionSource();
        await using var slow = await TestUpstream.StartAsync(_ => gate.Task);
        await using var sidecar = await TestSidecar.StartAsync(
            slow.Address, TestSidecar.Policy(InspectionMode.Off), new ProxyLimits { ConnectionsMax = 10 });
        using var busy = new ManyClients();
        await busy.OpenAsync(sidecar.Endpoint, 10, "GET /wait HTTP/1.1\r\nHost: shop\r\n\r\n");
        await UntilAsync(() => slow.Seen.Count == 10, $"{slow.Seen.Count} of 10 requests arrived");

        using var another = new ManyClients();
        await another.OpenAsync(sidecar.Endpoint, 1, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
        await UntilAsync(() => another.Open == 0, "it was let in");

        Assert.Equal(10, busy.Open);
        gate.SetResult();
    }

    [Fact]
    public async Task OneClientWithTooManyConnections_LosesItsOwn()
    {
        await using var sidecar = await StartAsync(new ProxyLimits { ConnectionsPerClientMax = 20 });
        using var others = new ManyClients();
        using var greedy = new ManyClients();

        await others.OpenAsync(sidecar.Endpoint, 40, "");
        await greedy.OpenAsync(sidecar.Endpoint, 100, "", addresses: 1);

        // One of the others has the greedy client's address.
        await UntilAsync(() => greedy.Open <= 20, $"{greedy.Open} are open");
        Assert.InRange(others.Open, 39, 40);
    }

    /// <summary>An ingress stands for all its clients: it has no client's share, and its clients have their own.</summary>
    [Theory]
    [InlineData(true, 60)]
    [InlineData(false, 20)]
    public async Task TrustedProxy_IsNoClient(bool isTrusted, int expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Off) with
        {
            ClientIdentity = new ClientIdentity { TrustedProxies = isTrusted ? ["127.1.0.0/16"] : [] },
        };
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy, new ProxyLimits { ConnectionsPerClientMax = 20 });
        using var ingress = new ManyClients();

        await ingress.OpenAsync(sidecar.Endpoint, 60, "", addresses: 1);

        await UntilAsync(() => ingress.Open == expected, $"{ingress.Open} are open");
    }

    [Fact]
    public async Task BodiesOfOneByte_DoNotUseUpTheBudget()
    {
        await using var sidecar = await StartAsync(new ProxyLimits { BufferedBytesMax = 256 * 1024 });
        using var slow = new ManyClients();

        await slow.OpenAsync(sidecar.Endpoint, 200, ManyClients.SlowBody);
        using var client = sidecar.Client();
        using var response = await client.PostAsync("/", new ByteArrayContent(new byte[16 * 1024]));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(200, slow.Open);
    }

    [Fact]
    public async Task OneClientsBodies_LeaveRoomForAnotherClients()
    {
        await using var sidecar = await StartAsync(new ProxyLimits { BufferedBytesMax = 100 * 1024 });
        using var greedy = new ManyClients();
        var held = "POST /slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 9000\r\n\r\n" + new string('a', 8 * 1024);

        await greedy.OpenAsync(sidecar.Endpoint, 40, held, addresses: 1);
        await UntilAsync(
            () => sidecar.Metric("waf_incidents_total{kind=\"body_budget_used_up\"}") > 0, "the share was not used up");
        using var client = sidecar.Client();
        using var response = await client.PostAsync("/", new ByteArrayContent(new byte[8 * 1024]));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task SlowBodiesFromManyAddresses_OthersAreServed()
    {
        await using var sidecar = await StartAsync(
            new ProxyLimits { ConnectionsMax = 400, InspectedRequestsMax = 100, BufferedBytesMax = 1 << 20 });
        using var slow = new ManyClients();
        using var client = sidecar.Client();
        var served = 0;

        for (var round = 0; round < 15; round++)
        {
            await slow.OpenAsync(sidecar.Endpoint, 100, ManyClients.SlowBody, addresses: 1_000);
            await Task.Delay(TimeSpan.FromMilliseconds(200));
            using var get = await client.GetAsync("/");
            using var post = await client.PostAsync("/", new StringContent("a=b"));
            served += (get.IsSuccessStatusCode ? 1 : 0) + (post.IsSuccessStatusCode ? 1 : 0);
        }

        // On a busy machine some of thirty come too late; without fair shares hardly any is served.
        Assert.InRange(served, 20, 30);
        Assert.True(sidecar.Metric("waf_inspected_requests") <= 100);
        await UntilAsync(() => slow.Open <= 400, $"{slow.Open} of {slow.Count} are open");
    }

    /// <summary>When there is no room, what came is still looked at: by the rules here, by models as well.</summary>
    [Fact]
    public async Task NoRoomForABody_RulesOpen_WhatCameIsInspectedAllTheSame()
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            FailureModes = new FailureModes { Rules = FailureMode.Open, Uninspected = UninspectedOutcome.Record },
        };
        await using var sidecar = await TestSidecar.StartAsync(
            _upstream.Address, policy, new ProxyLimits { BufferedBytesMax = 24 * 1024 });
        using var client = sidecar.Client();
        var form = new MediaType("application/x-www-form-urlencoded");

        using var attack = await client.PostAsync("/", form.Of("q=attack&rest=" + new string('x', 60_000)));
        using var benign = await client.PostAsync("/", form.Of("q=fine&rest=" + new string('x', 60_000)));

        Assert.Equal(HttpStatusCode.Forbidden, attack.StatusCode);
        Assert.Equal(HttpStatusCode.OK, benign.StatusCode);
        var events = await sidecar.EventsAsync();
        Assert.Contains(events, record => record.Reason == "Unavailable");
    }

    private Task<TestSidecar> StartAsync(ProxyLimits limits) =>
        TestSidecar.StartAsync(_upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules), limits);

    private static async Task UntilAsync(Func<bool> holds, string otherwise)
    {
        var started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, otherwise);
            await Task.Delay(50);
        }
    }

    private sealed record MediaType(string Name)
    {
        public StringContent Of(string text) => new(text, System.Text.Encoding.ASCII, Name);
    }
}
