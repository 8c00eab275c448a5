using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>
/// While no policy was ever received, failureModes.config decides: over the wire, and about readiness.
/// </summary>
public sealed class WithoutPolicyTests
{
    [Theory]
    [InlineData(FailureMode.Closed, HttpStatusCode.ServiceUnavailable, false)]
    [InlineData(FailureMode.Open, HttpStatusCode.OK, true)]
    public async Task NoPolicyYet_FollowsTheFailureMode(FailureMode mode, HttpStatusCode expected, bool isReady)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = new Sidecar(
            new SidecarOptions
            {
                Listeners = [new ProxyListener("http", new IPEndPoint(IPAddress.Loopback, 0), upstream.Address)],
                WithoutPolicy = mode,
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        await sidecar.StartAsync(CancellationToken.None);
        using var client = TestSidecar.Client(new Uri($"http://{sidecar.Endpoints[0]}"));

        using var response = await client.GetAsync("/x?q=1");
        var counters = sidecar.Status().Inspection;

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(isReady, sidecar.IsReady);
        Assert.Equal(isReady ? 1 : 0, upstream.Seen.Count);
        Assert.Equal(isReady ? [nameof(UninspectedReason.NoPolicy)] : [], counters.Uninspected.Keys);
        await sidecar.StopAsync(TimeSpan.Zero);
        Assert.False(sidecar.IsReady);
    }
}
