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
}
