using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Messages;

/// <summary>
/// Messages of a WebSocket are inspected while the stream flows; one that is blocked closes both ends.
/// </summary>
public sealed class WebSocketMessageTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string, bool> Carriers => new()
    {
        { "an attack", true },
        { """{"say":"an attack"}""", true },
        { """42["say",{"text":"an attack"}]""", true },
        { "{\"type\":1,\"arguments\":[\"attack\"]}\u001e", true },
        { """{"say":"an \u0061ttack"}""", true },
        { "nothing", false },
        { """{"say":"hello"}""", false },
    };

    [Theory, MemberData(nameof(Carriers))]
    public async Task AMessage_IsInspected_WhateverItsTypeAndFragments(string text, bool isBlocked)
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules));
        foreach (var type in new[] { WebSocketMessageType.Text, WebSocketMessageType.Binary })
        {
            foreach (var isFragmented in new[] { false, true })
            {
                using var socket = await ConnectAsync(sidecar, "/ws", WebSocketDeflate.Asked);
                await SendAsync(socket, "hello", WebSocketMessageType.Text);
                Assert.Equal("hello", await ReceiveAsync(socket));

                if (isFragmented) await SendInPiecesAsync(socket, text, type);
                else await SendAsync(socket, text, type);

                if (!isBlocked) Assert.Equal(text, await ReceiveAsync(socket));
                else await AssertClosedAsync(socket, WebSocketCloseStatus.PolicyViolation);
            }
        }

        Assert.Equal(isBlocked, !application.Received.Contains(text));
        var events = await sidecar.EventsAsync();
        Assert.Equal(isBlocked ? 4 : 0, events.Count(told =>
            told.Verdict is VerdictKind.Block && told.Rules is [{ Id: 1 }]));
    }

    /// <summary>Applications log why a client went.</summary>
    [Theory]
    [InlineData("an attack", 1)]
    [InlineData("shift is over", 0)]
    [InlineData("", 0)]
    public async Task TheReasonOfAClose_IsInspected(string reason, int blocks)
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using (var socket = await ConnectAsync(sidecar, "/ws"))
        {
            using var patience = new CancellationTokenSource(Patience);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, reason, patience.Token);
        }

        Assert.Equal(blocks, (await sidecar.EventsAsync()).Count(told => told.Verdict is VerdictKind.Block));
    }

    [Fact]
    public async Task ABlockedMessage_ClosesTheApplicationsEndToo()
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var socket = await ConnectAsync(sidecar, "/ws");

        await SendAsync(socket, "attack", WebSocketMessageType.Text);

        await AssertClosedAsync(socket, WebSocketCloseStatus.PolicyViolation);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await application.Closed.WaitAsync(Patience));
    }

    [Theory]
    [InlineData(InspectionMode.Detect, MessageInspection.Inspect, 1)]
    [InlineData(InspectionMode.Enforce, MessageInspection.Off, 0)]
    public async Task DetectAndOff_LetMessagesPass(InspectionMode mode, MessageInspection messages, int told)
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(mode, Rules) with
        {
            Body = new BodyInspection { Messages = messages },
        });
        using var socket = await ConnectAsync(sidecar, "/ws");

        await SendAsync(socket, "attack", WebSocketMessageType.Text);

        Assert.Equal("attack", await ReceiveAsync(socket));
        socket.Abort();
        Assert.Equal(told, (await sidecar.EventsAsync()).Count(one => one.WouldHave is VerdictKind.Block));
    }

    [Theory]
    [InlineData(BodyOverLimitOutcome.Reject, true)]
    [InlineData(BodyOverLimitOutcome.ProcessPartial, false)]
    public async Task ALongText_FollowsThePolicyForLongBodies(BodyOverLimitOutcome overLimit, bool isClosed)
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection { LimitBytes = 4096, OverLimit = overLimit },
        });
        using var socket = await ConnectAsync(sidecar, "/ws");

        await SendAsync(socket, new string('x', 100_000), WebSocketMessageType.Text);

        if (isClosed) await AssertClosedAsync(socket, WebSocketCloseStatus.MessageTooBig);
        else Assert.Equal(100_000, (await ReceiveAsync(socket)).Length);
        if (isClosed) return;
        await SendAsync(socket, "attack" + new string('x', 100_000), WebSocketMessageType.Text);
        await AssertClosedAsync(socket, WebSocketCloseStatus.PolicyViolation);
    }

    /// <summary>A stream keeps at most a mebibyte of a message, whatever bodies may have.</summary>
    [Fact]
    public async Task ATextThatIsLongerThanAStreamKeeps_IsRefusedToo()
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection { LimitBytes = 4 << 20, OverLimit = BodyOverLimitOutcome.Reject },
        });
        using var socket = await ConnectAsync(sidecar, "/ws");

        await SendAsync(socket, new string('x', 1_500_000) + "attack", WebSocketMessageType.Text);

        await AssertClosedAsync(socket, WebSocketCloseStatus.MessageTooBig);
    }

    [Fact]
    public async Task MoreValuesThanTheBound_EndTheStream()
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection
            {
                Limits = new BodyLimits
                {
                    JsonValues = 100, Arguments = 100, Depth = 10, XmlNodes = 100, Parts = 10, Files = 10,
                },
            },
        });
        using var socket = await ConnectAsync(sidecar, "/ws");
        byte[] binary =
            [.. "{\"pad\":\""u8, .. Enumerable.Repeat((byte)0xff, 400), .. "\",\"q\":\"an attack\"}"u8];

        await SendAsync(socket, $"[{string.Join(",", Enumerable.Repeat("1", 90))}]", WebSocketMessageType.Text);
        Assert.StartsWith("[1,", await ReceiveAsync(socket), StringComparison.Ordinal);
        await SendAsync(socket, $"[{string.Join(",", Enumerable.Repeat("1", 101))}]", WebSocketMessageType.Text);
        await AssertClosedAsync(socket, WebSocketCloseStatus.PolicyViolation);

        using var other = await ConnectAsync(sidecar, "/ws");
        await other.SendAsync(binary, WebSocketMessageType.Binary, true, CancellationToken.None);
        await AssertClosedAsync(other, WebSocketCloseStatus.PolicyViolation);
    }

    [Fact]
    public async Task BytesThatAreNoText_PassWhateverTheirLength()
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection { LimitBytes = 4096 },
        });
        using var socket = await ConnectAsync(sidecar, "/ws");
        var bytes = new byte[200_000];
        new Random(3).NextBytes(bytes);

        await socket.SendAsync(bytes, WebSocketMessageType.Binary, true, CancellationToken.None);

        Assert.Equal(bytes.Length, (await ReceiveBytesAsync(socket)).Length);
    }

    [Fact]
    public async Task FramesThatBreakTheProtocol_EndTheStream()
    {
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);
        await connection.SendAsync(
            "GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        await connection.ReadUntilAsync("\r\n\r\n");

        // Text without a mask.
        byte[] frame = [0x81, 0x06, .. "attack"u8];
        await connection.Stream.WriteAsync(frame);

        var answer = await connection.ReadToEndAsync();
        Assert.StartsWith("\u0088", answer, StringComparison.Ordinal);
        Assert.Equal(1002, (answer[2] << 8) | answer[3]);
        Assert.Empty(application.Received);
    }

    /// <summary>Connections outlive a change of the policy, and keep the one they began with.</summary>
    [Fact]
    public async Task AThousandConnections_StayOpenOverAReload()
    {
        const int count = 1_000;
        await using var application = new SocketApplication();
        await using var sidecar = await application.StartAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules));
        var sockets = new ClientWebSocket[count];
        for (var start = 0; start < count; start += 100)
        {
            var opened = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ConnectAsync(sidecar, "/ws")));
            opened.CopyTo(sockets, start);
        }

        Assert.Null(sidecar.Change(TestSidecar.Policy(InspectionMode.Enforce, Rules.Replace("attack", "other",
            StringComparison.Ordinal))));
        var answers = await Task.WhenAll(sockets.Select(async (socket, i) =>
        {
            await SendAsync(socket, $"message {i}", WebSocketMessageType.Text);
            return await ReceiveAsync(socket);
        }));

        Assert.Equal(Enumerable.Range(0, count).Select(i => $"message {i}"), answers);
        await SendAsync(sockets[0], "attack", WebSocketMessageType.Text);
        await AssertClosedAsync(sockets[0], WebSocketCloseStatus.PolicyViolation);
        foreach (var socket in sockets) socket.Dispose();
    }

    private enum WebSocketDeflate { No, Asked }

    private static async Task<ClientWebSocket> ConnectAsync(
        TestSidecar sidecar, string path, WebSocketDeflate deflate = WebSocketDeflate.No)
    {
        var socket = new ClientWebSocket();
        if (deflate is WebSocketDeflate.Asked) socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}{path}"), patience.Token);
        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, string text, WebSocketMessageType type) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), type, true, CancellationToken.None);

    private static async Task SendInPiecesAsync(ClientWebSocket socket, string text, WebSocketMessageType type)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < bytes.Length; i++)
        {
            await socket.SendAsync(bytes.AsMemory(i, 1), type, i == bytes.Length - 1, CancellationToken.None);
        }
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket) =>
        Encoding.UTF8.GetString(await ReceiveBytesAsync(socket));

    private static async Task<byte[]> ReceiveBytesAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.NotEqual(WebSocketMessageType.Close, received.MessageType);
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage) return message.ToArray();
        }
    }

    private static async Task AssertClosedAsync(ClientWebSocket socket, WebSocketCloseStatus expected)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, patience.Token);
            if (received.MessageType is not WebSocketMessageType.Close) continue;
            Assert.Equal(expected, received.CloseStatus);
            return;
        }
    }

    /// <summary>Echoes, and remembers what it got.</summary>
    private sealed class SocketApplication : IAsyncDisposable
    {
        private readonly TaskCompletionSource<WebSocketCloseStatus?> _closed = new();
        private TestUpstream? _upstream;

        public System.Collections.Concurrent.ConcurrentQueue<string> Received { get; } = new();

        public Task<WebSocketCloseStatus?> Closed => _closed.Task;

        public async Task<TestSidecar> StartAsync(PolicyDocument policy)
        {
            _upstream = await TestUpstream.StartAsync(EchoAsync);
            return await TestSidecar.StartAsync(
                _upstream.Address, policy, new ProxyLimits { DrainMax = TimeSpan.FromSeconds(1) });
        }

        public ValueTask DisposeAsync() => _upstream?.DisposeAsync() ?? ValueTask.CompletedTask;

        private async Task EchoAsync(HttpContext context)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(
                new WebSocketAcceptContext { DangerousEnableCompression = true });
            var buffer = new byte[16 * 1024];
            var message = new MemoryStream();
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    _closed.TrySetResult(socket.CloseStatus);
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                    return;
                }

                message.Write(buffer, 0, received.Count);
                if (!received.EndOfMessage) continue;
                Received.Enqueue(Encoding.UTF8.GetString(message.ToArray()));
                await socket.SendAsync(message.ToArray(), received.MessageType, true, context.RequestAborted);
                message.SetLength(0);
            }
        }
    }
}
