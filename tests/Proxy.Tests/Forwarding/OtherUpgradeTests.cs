using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>Changes to protocols other than WebSocket, over the network.</summary>
public sealed class OtherUpgradeTests
{
    [Theory]
    [InlineData("GET", "tcp", InspectionMode.Enforce)]
    [InlineData("POST", "TCP", InspectionMode.Enforce)]
    [InlineData("POST", "SPDY/3.1", InspectionMode.Enforce)]
    [InlineData("GET", "tcp", InspectionMode.Off)]
    public async Task WhereTheRouteAllowsIt_BytesPassBothWays(string method, string token, InspectionMode mode)
    {
        await using var application = await TestUpstream.StartAsync(EchoAsync);
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(mode));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(Handshake(method, "/attach", token));
        var head = await connection.ReadUntilAsync("\r\n\r\n");
        await connection.SendAsync("\0\u0001not HTTP\n");
        var echo = await connection.ReadUntilAsync("\n");

        Assert.StartsWith("HTTP/1.1 101", head, StringComparison.Ordinal);
        Assert.Contains($"Upgrade: {token}", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("\0\u0001not HTTP\n", echo);
        var seen = Assert.Single(application.Seen);
        Assert.Equal((method, token, "Upgrade"), (seen.Method, seen["Upgrade"], seen["Connection"]));
    }

    [Theory]
    [InlineData("/attach", "h2c")]
    [InlineData("/attach", "tcp, h2c")]
    [InlineData("/attach", "udp")]
    [InlineData("/elsewhere", "tcp")]
    [InlineData("/attach/../elsewhere", "tcp")]
    public async Task Otherwise_TheApplicationIsNotAsked(string path, string token)
    {
        await using var application = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(InspectionMode.Enforce));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(Handshake("GET", path, token));
        var answer = await connection.ReadUntilAsync("fine");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Null(Assert.Single(application.Seen)["Upgrade"]);
    }

    [Fact]
    public async Task TheHandshake_IsInspected_AndWhatFollowsIsCountedAsLeftOut()
    {
        await using var application = await TestUpstream.StartAsync(EchoAsync);
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(InspectionMode.Enforce));
        using (var connection = await RawConnection.OpenAsync(sidecar.Endpoint))
        {
            await connection.SendAsync(Handshake("GET", "/attach", "tcp"));
            Assert.StartsWith("HTTP/1.1 101", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        }

        using (var connection = await RawConnection.OpenAsync(sidecar.Endpoint))
        {
            await connection.SendAsync(Handshake("GET", "/attach?x=evil", "tcp"));
            Assert.StartsWith("HTTP/1.1 403", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        }

        // A request is counted when its connection has ended, which the sidecar sees a moment later.
        const string counted = "waf_uninspected_total{why=\"Upgrade\",limit=\"\"}";
        for (var i = 0; i < 200 && sidecar.Metric(counted) == 0; i++) await Task.Delay(50);
        Assert.Equal(1, sidecar.Metric(counted));
        var events = await sidecar.EventsAsync();
        Assert.Contains(events, told => told.Coverage?.Uninspected.Contains(UninspectedReason.Upgrade) is true);
    }

    [Fact]
    public void APathOfSeveralRoutes_MayChangeToWhatAllOfThemAllow()
    {
        var open = new Route(InspectionMode.Enforce, new BodyInspection()) { Upgrades = ["tcp", "spdy/3.1"] };
        var narrow = new Route(InspectionMode.Enforce, new BodyInspection(), "/x") { Upgrades = ["spdy/3.1"] };

        Assert.Equal(["spdy/3.1"], RouteTable.Strictest(open, narrow).Upgrades);
    }

    [Fact]
    public void ARequestWithABody_IsNoHandshake()
    {
        var context = Handshakes.WebSocket();
        context.Request.Headers.Upgrade = "tcp";
        Assert.True(OtherUpgrades.IsAllowed(context, ["tcp"]));

        context.Request.ContentLength = 1;
        Assert.False(OtherUpgrades.IsAllowed(context, ["tcp"]));
        context.Request.ContentLength = null;
        context.Request.Headers.TransferEncoding = "chunked";
        Assert.False(OtherUpgrades.IsAllowed(context, ["tcp"]));
    }

    private static PolicyDocument Policy(InspectionMode mode) => TestSidecar.Policy(mode,
        """
        SecRuleEngine On
        SecRule ARGS "@contains evil" "id:1,phase:1,deny,status:403"
        """) with
    {
        Routes = [new RoutePolicy { PathPrefix = "/attach", Upgrades = ["tcp", "spdy/3.1"] }],
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
    };

    private static string Handshake(string method, string path, string token) =>
        $"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: {token}\r\n\r\n";

    /// <summary>Changes to whatever is asked for, and sends back what it gets.</summary>
    private static async Task EchoAsync(HttpContext context)
    {
        context.Response.Headers.Upgrade = context.Request.Headers.Upgrade;
        await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        var buffer = new byte[256];
        while (await stream.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
            await stream.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
    }
}
