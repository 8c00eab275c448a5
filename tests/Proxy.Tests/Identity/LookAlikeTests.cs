using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Identity;

/// <summary>Names with an underscore that programs take for a forwarding header, through the running sidecar.</summary>
public sealed class LookAlikeTests
{
    [Theory]
    [InlineData(InspectionMode.Off, 0)]
    [InlineData(InspectionMode.Enforce, 0)]
    [InlineData(InspectionMode.Enforce, 90)]
    [InlineData(InspectionMode.Detect, 90)]
    public async Task AHeaderThatLooksLikeAForwardingOne_DoesNotReachTheApplication(InspectionMode mode, int others)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(mode, "SecRuleEngine On"));
        using var client = sidecar.Client();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        for (var i = 0; i < others; i++) request.Headers.TryAddWithoutValidation($"X-Own-{i}", "1");
        request.Headers.TryAddWithoutValidation("X_Forwarded_For", "192.0.2.7");
        request.Headers.TryAddWithoutValidation("my_own", "1");
        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var seen = Assert.Single(upstream.Seen);
        Assert.Null(seen["X_Forwarded_For"]);
        Assert.Equal("1", seen["my_own"]);
        if (others > 0) Assert.Equal("1", seen[$"X-Own-{others - 1}"]);
    }
}
