using System.Net;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>Access lists under the policy's mode: Enforce refuses, Detect says what it would have refused.</summary>
public sealed class AccessListTests
{
    public static TheoryData<AccessLists, bool> Lists => new()
    {
        { new() { AllowClients = ["127.0.0.0/8"] }, true },
        { new() { AllowClients = ["10.0.0.0/8"] }, false },
        { new() { DenyClients = ["127.0.0.1"] }, false },
        { new() { DenyClients = ["10.0.0.0/8"] }, true },
        { new() { AllowClients = ["127.0.0.0/8"], DenyClients = ["127.0.0.1"] }, false },
        { new() { DenyPaths = ["/admin"] }, false },
        { new() { DenyPaths = ["/other"] }, true },
        { new() { DenyFeeds = [Feed("203.0.113.0/24 127.0.0.1")] }, false },
        { new() { DenyFeeds = [Feed("203.0.113.0/24"), Feed("127.0.0.0/8")] }, false },
        { new() { DenyFeeds = [Feed("203.0.113.0/24 2001:db8::/32")] }, true },
        // Somebody else's list does not deny whom the policy itself allows.
        { new() { DenyFeeds = [Feed("127.0.0.1")], AllowClients = ["127.0.0.0/8"] }, true },
    };

    [Theory, MemberData(nameof(Lists))]
    public async Task WhoIsDenied_IsRefusedInEnforce_AndRecordedInDetect(AccessLists lists, bool passes)
    {
        foreach (var mode in new[] { InspectionMode.Enforce, InspectionMode.Detect })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(
                upstream.Address, TestSidecar.Policy(mode) with { AccessLists = lists });
            using var client = sidecar.Client();

            using var response = await client.GetAsync("/admin");

            Assert.Equal(passes || mode is InspectionMode.Detect, response.StatusCode is HttpStatusCode.OK);
            var events = await sidecar.EventsAsync();
            if (passes) Assert.Empty(events);
            else Assert.Equal(VerdictKind.Block, Assert.Single(events).WouldHave);
        }
    }

    [Fact]
    public async Task ClientOnAFeed_IsRefusedWithItsName_UnlessThePolicyBypassesIt()
    {
        var lists = new AccessLists { DenyFeeds = [Feed("127.0.0.1", "drop")] };
        Assert.Equal("client is on the feed drop", (await DecideAsync(lists)).Message);
        Assert.Equal("client is not inspected", (await DecideAsync(lists with { BypassClients = ["127.0.0.1"] })).Message);
    }

    private static async Task<SecurityEvent> DecideAsync(AccessLists lists)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce) with
            {
                AccessLists = lists, Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
            });
        using var client = sidecar.Client();
        using var response = await client.GetAsync("/");
        return Assert.Single(await sidecar.EventsAsync());
    }

    private static AccessFeed Feed(string networks, string name = "feed") => new() { Name = name, Networks = networks };
}
