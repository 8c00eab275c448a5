using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>Streams are streams: nothing waits for an end that is not there.</summary>
public sealed class StreamingTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    public static TheoryData<InspectionMode> Modes => [InspectionMode.Off, InspectionMode.Enforce];

    [Theory, MemberData(nameof(Modes))]
    public async Task WebSocket_EchoesBothWays(InspectionMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(EchoAsync);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var socket = new ClientWebSocket();

        await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws"), CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            await socket.SendAsync(
                Encoding.UTF8.GetBytes($"message {i}"), WebSocketMessageType.Text, true, CancellationToken.None);
            var buffer = new byte[64];
            var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            Assert.Equal($"message {i}", Encoding.UTF8.GetString(buffer, 0, received.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Fact]
    public async Task WebSocket_HandshakeWithAnAttack_IsRefused()
    {
        await using var upstream = await TestUpstream.StartAsync(EchoAsync);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(
            () => socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws?q=attack"), CancellationToken.None));

        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
        Assert.Empty(upstream.Seen);
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task ServerSentEvents_EachEventArrivesWhenItIsSent(InspectionMode mode)
    {
        var next = new SemaphoreSlim(0);
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 3; i++)
            {
                await context.Response.WriteAsync($"data: {i}\n\n");
                await context.Response.Body.FlushAsync();
                await next.WaitAsync(context.RequestAborted);
            }
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal($"data: {i}", await reader.ReadLineAsync());
            await reader.ReadLineAsync();
            next.Release();
        }
    }

    [Theory]
    [InlineData(InspectionMode.Off, BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.HeadersOnly, BodyOverLimitOutcome.Reject)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.Window, BodyOverLimitOutcome.Reject)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.Buffered, BodyOverLimitOutcome.ProcessPartial)]
    [InlineData(InspectionMode.Detect, BodyInspectionKind.Buffered, BodyOverLimitOutcome.Reject)]
    public async Task Upload_FarOverTheLimit_ReachesTheApplicationWhileTheClientIsStillSending(
        InspectionMode mode, BodyInspectionKind kind, BodyOverLimitOutcome overLimit)
    {
        const int total = 8 * 1024 * 1024;
        long received = 0;
        var half = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            var buffer = new byte[64 * 1024];
            int count;
            while ((count = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                received += count;
                // Not all of the first half: clients and proxies may keep back a few kilobytes until there is more.
                if (received >= total / 4) half.TrySetResult();
            }
        });
        var policy = TestSidecar.Policy(mode, Rules) with
        {
            Body = new BodyInspection { Mode = kind, LimitBytes = 64 * 1024, OverLimit = overLimit },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        using var content = new GatedContent(total, half.Task);
        using var response = await client.PostAsync("/upload", content);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(total, received);
    }

    [Fact]
    public async Task Http2_ClientAndApplication_SpeakIt()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.AppendTrailer("grpc-status", "0");
            await context.Response.WriteAsync("h2");
        }, HttpProtocols.Http2);
        foreach (var mode in new[] { InspectionMode.Off, InspectionMode.Enforce })
        {
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
            using var client = sidecar.Client(HttpVersion.Version20);

            using var response = await client.PostAsync("/x?y=1", new StringContent("body"));

            Assert.Equal("h2", await response.Content.ReadAsStringAsync());
            Assert.Equal(HttpVersion.Version20, response.Version);
            Assert.Equal("0", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));
            Assert.True(upstream.Seen.TryDequeue(out var seen));
            Assert.Equal("HTTP/2", seen.Protocol);
            Assert.Equal("/x?y=1", seen.Target);
        }
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task Grpc_StreamInBothDirections_DoesNotWaitForTheClientsEnd(InspectionMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            var buffer = new byte[64];
            int count;
            while ((count = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count));
                await context.Response.Body.FlushAsync();
            }
        }, HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var client = sidecar.Client(HttpVersion.Version20);
        using var content = new DuplexContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/svc/Chat")
        {
            Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { TE = { new("trailers") } },
        };

        var sending = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await content.SendAsync([0]);
        using var response = await sending.WaitAsync(TimeSpan.FromSeconds(20));
        var answer = await response.Content.ReadAsStreamAsync();
        await answer.ReadExactlyAsync(new byte[1]);
        for (byte i = 1; i <= 3; i++)
        {
            await content.SendAsync([i, i, i]);
            var buffer = new byte[3];
            await answer.ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal([i, i, i], buffer);
        }

        content.Complete();
        Assert.Equal(0, await answer.ReadAsync(new byte[1]));
    }

    [Fact]
    public async Task ManyProtocolsOnOnePort_EachIsServed()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        // First byte alone: it could still become either protocol.
        await connection.SendAsync("P");
        await Task.Delay(50);
        await connection.SendAsync("OST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", await connection.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (received.MessageType is WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }
    }

    /// <summary>Sends half, and the other half only once the application has seen the first.</summary>
    private sealed class GatedContent(int total, Task gate) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var block = new byte[64 * 1024];
            for (var sent = 0; sent < total; sent += block.Length)
            {
                if (sent == total / 2) await gate.WaitAsync(TimeSpan.FromSeconds(20));
                await stream.WriteAsync(block);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = total;
            return true;
        }
    }

    private sealed class DuplexContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new();

        public DuplexContent() => Headers.ContentType = new("application/grpc");

        public async Task SendAsync(byte[] bytes)
        {
            var stream = await _stream.Task;
            await stream.WriteAsync(bytes);
            await stream.FlushAsync();
        }

        public void Complete() => _end.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _stream.SetResult(stream);
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
