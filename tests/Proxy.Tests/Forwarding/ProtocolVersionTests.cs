using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>Clients of either protocol in front of an application that may speak only one.</summary>
public sealed class ProtocolVersionTests
{
    [Fact]
    public async Task Http2Client_WithAnApplicationThatSpeaksHttp1_IsServed()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{context.Request.Method} {await reader.ReadToEndAsync()}");
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address,
            TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client(HttpVersion.Version20);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            using var response = await client.PostAsync($"/{i}", new StringContent($"body {i}"));
            Assert.Equal(HttpVersion.Version20, response.Version);
            return await response.Content.ReadAsStringAsync();
        }));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"POST body {i}"), answers);
        Assert.All(upstream.Seen, seen => Assert.Equal("HTTP/1.1", seen.Protocol));
    }

    [Fact]
    public async Task Http2Client_AfterTheApplicationWasReplacedByOneThatSpeaksHttp1_IsServed()
    {
        var first = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        var address = first.Address;
        await using var sidecar = await TestSidecar.StartAsync(address, TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client(HttpVersion.Version20);
        Assert.Equal("fine", await client.GetStringAsync("/"));
        await first.DisposeAsync();

        await using var second = await TestUpstream.StartAsync(port: address.Port);

        // One request may find out that the application is another one.
        using (await client.GetAsync("/")) { }
        Assert.Equal("fine", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task WebSocketOverHttp2_WithAnApplicationThatSpeaksHttp1_EchoesBothWays()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var accepted = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[64];
            var received = await accepted.ReceiveAsync(buffer, context.RequestAborted);
            await accepted.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true,
                context.RequestAborted);
            await accepted.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, "SecRuleEngine On"));
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws"), invoker, CancellationToken.None);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None);

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task Trailers_PassOverHttp2_AndAreNotAnnouncedOverHttp1()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.Headers.Trailer = "x-sum";
            await context.Response.WriteAsync("body");
            if (context.Response.SupportsTrailers()) context.Response.AppendTrailer("x-sum", "1");
        }, HttpProtocols.Http2);
        await using var plain = await TestUpstream.StartAsync(context =>
        {
            context.Response.Headers.Trailer = "x-sum";
            return context.Response.WriteAsync("body");
        });
        await using var http2 = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        await using var http1 = await TestSidecar.StartAsync(plain.Address, TestSidecar.Policy(InspectionMode.Off));
        using var client2 = http2.Client(HttpVersion.Version20);
        using var client1 = http1.Client();

        using var passed = await client2.GetAsync("/");
        using var dropped = await client1.GetAsync("/");

        Assert.Equal("1", Assert.Single(passed.TrailingHeaders.GetValues("x-sum")));
        Assert.Empty(dropped.Headers.Trailer);
    }

    [Theory]
    [InlineData("000000040000000000", true)]
    [InlineData("000012040000000000", true)]
    [InlineData("000012040000000001", false)]
    [InlineData("000000060000000000", false)]
    [InlineData("485454502F312E3120", false)]
    [InlineData("48545450", false)]
    [InlineData("4854", null)]
    [InlineData("0000120400", null)]
    [InlineData("", null)]
    public void TheFirstBytesOfAnAnswer_TellTheProtocol(string hex, bool? expected) => Assert.Equal(
        expected, PriorKnowledgeProbe.Judge(Convert.FromHexString(hex)));
}
