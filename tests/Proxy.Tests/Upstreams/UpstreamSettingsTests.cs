using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Upstreams;

/// <summary>Address and idle time of connections to the application, and what a sidecar cannot have.</summary>
public sealed class UpstreamSettingsTests
{
    private static readonly UpstreamAccess Nothing = new();

    [Fact]
    public async Task AtThePodsAddress_AnApplicationThatListensThereOnly_IsReached_AndSeesNoLoopback()
    {
        var pod = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address).FirstOrDefault(address =>
                address.AddressFamily is AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        // A machine without a network has only loopback addresses: then the address is another one of those.
        pod ??= IPAddress.Parse("127.0.0.2");
        var peers = new ConcurrentQueue<IPAddress?>();
        await using var application = await TestUpstream.StartAsync(
            new IPEndPoint(pod, 0), listen => listen.Protocols = HttpProtocols.Http1, context =>
            {
                peers.Enqueue(context.Connection.RemoteIpAddress);
                return context.Response.WriteAsync("fine");
            });
        await using var sidecar = await TestSidecar.StartAsync(
            new Uri($"http://127.0.0.1:{application.Address.Port}"), Policy(new() { IsAtPodAddress = true }),
            options => options with { Upstream = new() { PodAddress = pod } });
        using var client = sidecar.Client();

        Assert.Equal("fine", await client.GetStringAsync("/"));

        Assert.Equal(IPAddress.IsLoopback(pod) ? IPAddress.Loopback : pod, Assert.Single(peers));
    }

    [Theory]
    [InlineData(100, 2)]
    [InlineData(600_000, 1)]
    public async Task AConnection_IsKeptForAsLongAsThePolicySays(int idleMilliseconds, int connections)
    {
        var seen = new ConcurrentQueue<string>();
        await using var application = await TestUpstream.StartAsync(context =>
        {
            seen.Enqueue(context.Connection.Id);
            return context.Response.WriteAsync("fine");
        });
        await using var sidecar = await TestSidecar.StartAsync(
            application.Address, Policy(new() { IdleMax = TimeSpan.FromMilliseconds(idleMilliseconds) }));
        using var client = sidecar.Client();

        await client.GetStringAsync("/");
        // Longer than the shorter of both, and than the limit that holds without a policy.
        await Task.Delay(TimeSpan.FromSeconds(2));
        await client.GetStringAsync("/");

        Assert.Equal(connections, seen.Distinct().Count());
    }

    [Fact]
    public void WhatThePodWasNotGiven_IsRefused_WithWhatToDo()
    {
        var pod = new UpstreamPolicy { IsAtPodAddress = true };
        var tls = new UpstreamPolicy { Tls = new() { ServerName = "a", Ca = "Secret/new/ca.crt" } };

        Assert.Contains("WAF_POD_IP", Refusal(pod, Nothing), StringComparison.Ordinal);
        Assert.Contains("given no certificates", Refusal(tls, Nothing), StringComparison.Ordinal);
        Assert.Contains("given Secret/old/ca.crt",
            Refusal(tls, new() { Ca = "Secret/old/ca.crt", CaFile = "/x" }), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Refusal(tls, new() { CaFile = "/nowhere" }), StringComparison.Ordinal);
        Assert.Contains("no server name", Refusal(new() { Tls = new() }, Nothing), StringComparison.Ordinal);
        Assert.Null(Refusal(null, Nothing));
        Assert.Null(Refusal(new() { Tls = new() { ServerName = "a" } }, Nothing));
    }

    [Fact]
    public async Task ADocumentThatThisPodCannotHave_LeavesTheLastGoodOneInForce()
    {
        await using var application = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(new()));

        var refusal = sidecar.Change(Policy(new() { IsAtPodAddress = true }));

        Assert.Contains("create the pod anew", refusal, StringComparison.Ordinal);
        using var client = sidecar.Client();
        Assert.Equal("fine", await client.GetStringAsync("/"));
    }

    [Fact]
    public void EqualSettings_StayTheSameObject_SoThatConnectionsAreKept()
    {
        var first = Read(new() { Tls = new() { ServerName = "a", Ports = [1, 2] } }, null);

        Assert.Same(first, Read(new() { Tls = new() { ServerName = "a", Ports = [1, 2] } }, first));
        Assert.NotSame(first, Read(new() { Tls = new() { ServerName = "a", Ports = [1, 3] } }, first));
        Assert.Same(UpstreamSettings.Default, Read(null, first));
    }

    [Fact]
    public void Authorities_AreReadAgainAfterAWhile_AndABrokenFileChangesNothing()
    {
        using var first = new TestAuthority("first");
        using var second = new TestAuthority("second");
        var time = new FakeTimeProvider();
        var trust = new UpstreamTrust(takesAny: false, first.File, time);
        var old = Thumbprints(trust);

        second.Write(first.File);
        Assert.Equal(old, Thumbprints(trust));
        time.Advance(UpstreamTrust.ReadAgainAfter);
        Assert.Equal([second.Thumbprint], Thumbprints(trust));
        File.WriteAllText(first.File, "no certificate");
        time.Advance(UpstreamTrust.ReadAgainAfter);

        Assert.Equal([first.Thumbprint], old);
        Assert.Equal([second.Thumbprint], Thumbprints(trust));
    }

    private static List<string> Thumbprints(UpstreamTrust trust) =>
        [.. trust.Options("a", SslApplicationProtocol.Http11).CertificateChainPolicy!.CustomTrustStore
            .Select(certificate => certificate.Thumbprint)];

    private static string? Refusal(UpstreamPolicy? policy, UpstreamAccess access) =>
        UpstreamSettings.Read(policy, access, null, TimeProvider.System).Refusal;

    private static UpstreamSettings Read(UpstreamPolicy? policy, UpstreamSettings? previous) =>
        UpstreamSettings.Read(policy, Nothing, previous, TimeProvider.System).Settings;

    private static PolicyDocument Policy(UpstreamPolicy upstream) =>
        TestSidecar.Policy(InspectionMode.Off) with { Upstream = upstream };
}
