using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Upstreams;

/// <summary>An application that speaks TLS on its port, with real handshakes over the network.</summary>
public sealed class UpstreamTlsTests : IDisposable
{
    private const string Name = "shop.internal";
    private const string Ca = "ConfigMap/shop-ca/ca.crt";

    private static readonly UpstreamTls Named = new() { ServerName = Name, Ca = Ca };

    private readonly TestAuthority _authority = new("shop authority");
    private readonly TestAuthority _other = new("somebody else");
    private readonly ConcurrentQueue<string?> _handshakes = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task ATrustedApplication_IsAskedForItsName_AndGetsTheRequestAsItCame()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name));
        await using var sidecar = await SidecarAsync(application, Named, _authority.File);
        using var client = sidecar.Client();

        using var response = await client.SendAsync(new(HttpMethod.Post, "/a%2Fb?c=%26")
        {
            Headers = { Host = "www.shop.example" }, Content = new StringContent("text"),
        });

        Assert.Equal("fine", await response.Content.ReadAsStringAsync());
        Assert.Equal(Name, Assert.Single(_handshakes));
        var seen = Assert.Single(application.Seen);
        Assert.Equal(("POST", "/a%2Fb?c=%26", "HTTP/1.1"), (seen.Method, seen.Target, seen.Protocol));
        Assert.Equal("www.shop.example", seen["Host"]);
    }

    [Theory]
    [InlineData("another authority")]
    [InlineData("another name")]
    [InlineData("no TLS")]
    [InlineData("the system's authorities")]
    public async Task AnApplicationThatIsNotTrusted_GetsNothing_AndIsCounted(string why)
    {
        using var certificate = _authority.Sign(why == "another name" ? "other.internal" : Name);
        await using var application = why == "no TLS" ? await TestUpstream.StartAsync()
            : await ApplicationAsync(certificate);
        var tls = new UpstreamTls { ServerName = Name, Ca = why == "the system's authorities" ? null : Ca };
        await using var sidecar = await SidecarAsync(
            application, tls, why == "another authority" ? _other.File : _authority.File);
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/secret");

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Empty(application.Seen);
        Assert.Equal(1, sidecar.Metric("waf_incidents_total{kind=\"upstream_untrusted\"}"));
    }

    [Fact]
    public async Task AnyCertificate_IsTakenWhereThePolicySaysSo()
    {
        await using var application = await ApplicationAsync(_other.Sign("whoever"));
        await using var sidecar = await SidecarAsync(application, new() { TakesAnyCertificate = true }, null);
        using var client = sidecar.Client();

        Assert.Equal("fine", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task ManyHosts_ShareOneConnection()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name));
        await using var sidecar = await SidecarAsync(application, Named, _authority.File);
        using var client = sidecar.Client();

        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = $"h{i}.example" } };
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(20, application.Seen.Count);
        Assert.Single(_handshakes);
    }

    [Fact]
    public async Task GrpcCalls_GoOverHttp2_UnderTheApplicationsName_WhateverTheHosts()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name));
        await using var sidecar = await SidecarAsync(application, Named, _authority.File);
        using var client = sidecar.Client(HttpVersion.Version20);

        for (var i = 0; i < 5; i++)
        {
            using var call = new HttpRequestMessage(HttpMethod.Post, "/shop.Cart/Add")
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Headers = { Host = $"h{i}.example" }, Content = new ByteArrayContent([0, 0, 0, 0, 0]),
            };
            call.Headers.TryAddWithoutValidation("TE", "trailers");
            call.Content.Headers.TryAddWithoutValidation("Content-Type", "application/grpc");
            using var response = await client.SendAsync(call);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.All(application.Seen, seen => Assert.Equal("HTTP/2", seen.Protocol));
        Assert.All(application.Seen, seen => Assert.Equal($"{Name}:{application.Address.Port}", seen["Host"]));
        Assert.Single(_handshakes);
    }

    [Fact]
    public async Task OtherRequestsOfHttp2Clients_AndWebSockets_GoOverHttp1()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name), async context =>
        {
            if (!context.WebSockets.IsWebSocketRequest)
            {
                await context.Response.WriteAsync("fine");
                return;
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[64];
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true,
                context.RequestAborted);
        });
        await using var sidecar = await SidecarAsync(application, Named, _authority.File);
        using var client = sidecar.Client(HttpVersion.Version20);
        using var socket = new ClientWebSocket();

        Assert.Equal("fine", await client.GetStringAsync("/"));
        await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/"), CancellationToken.None);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[64];
        var echo = await socket.ReceiveAsync(buffer, CancellationToken.None);

        Assert.Equal("hello"u8.ToArray(), buffer[..echo.Count]);
        Assert.All(application.Seen, seen => Assert.Equal("HTTP/1.1", seen.Protocol));
    }

    [Fact]
    public async Task PortsThatAreNotNamed_AreCalledInPlainHttp_AndAChangeNeedsNoRestart()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name));
        var port = application.Address.Port;
        await using var sidecar = await SidecarAsync(application, Named with { Ports = [1] }, _authority.File);
        using var client = sidecar.Client();

        using (var plain = await client.GetAsync("/")) Assert.NotEqual(HttpStatusCode.OK, plain.StatusCode);
        Assert.Null(sidecar.Change(PolicyWith(Named with { Ports = [port] })));

        Assert.Equal("fine", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task AnApplicationThatSpeaksTls_ByItsUrl_IsCheckedForItsOwnName()
    {
        await using var application = await ApplicationAsync(_authority.Sign(Name));
        await using var sidecar = await TestSidecar.StartAsync(
            new Uri($"https://localhost:{application.Address.Port}"), TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client();

        using var response = await client.SendAsync(new(HttpMethod.Get, "/") { Headers = { Host = Name } });

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("localhost", Assert.Single(_handshakes));
    }

    private Task<TestUpstream> ApplicationAsync(X509Certificate2 certificate, RequestDelegate? handler = null) =>
        TestUpstream.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificateSelector = (_, name) =>
                {
                    _handshakes.Enqueue(name);
                    return certificate;
                },
            });
        }, handler);

    private static PolicyDocument PolicyWith(UpstreamTls tls) =>
        TestSidecar.Policy(InspectionMode.Enforce, "SecRuleEngine On") with { Upstream = new() { Tls = tls } };

    private static Task<TestSidecar> SidecarAsync(TestUpstream application, UpstreamTls tls, string? caFile) =>
        TestSidecar.StartAsync(
            new Uri($"http://127.0.0.1:{application.Address.Port}"), PolicyWith(tls),
            options => options with { Upstream = new UpstreamAccess { CaFile = caFile } });
}
