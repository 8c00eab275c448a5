using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Messages;

/// <summary>How many messages of a stream were looked at, and what of them was not, is said.</summary>
public sealed class MessageCoverageTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    [Fact]
    public async Task Stream_CountsItsMessages_InTheEventOfABlockAndOfItsEnd()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[4096];
            while (socket.State is WebSocketState.Open
                && (await socket.ReceiveAsync(buffer, context.RequestAborted)).MessageType
                    is not WebSocketMessageType.Close)
            {
                await socket.SendAsync("ok"u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
            }

            if (socket.State is WebSocketState.CloseReceived)
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
            });

        await TalkAsync(sidecar, "tea", "{\"a\":\"b\",\"c\":\"d\"}", "\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007");
        await TalkAsync(sidecar, "tea", "attack");

        var inspection = sidecar.Sidecar.Status().Inspection;
        var events = await sidecar.EventsAsync();
        var ends = events.Where(told => told.Message?.EndsWith("stream has ended", StringComparison.Ordinal) is true)
            .Select(told => told.Coverage!).OrderByDescending(coverage => coverage.Messages).ToList();
        Assert.Equal([3, 2], ends.Select(coverage => coverage.Messages));
        Assert.Equal([UninspectedReason.UnreadContentType], ends[0].Uninspected);
        Assert.Equal((3 + 17 + 8, 3 + 17, 3), (ends[0].Bytes, ends[0].BytesInspected, ends[0].Parts));
        Assert.True(ends[1].IsWhole);
        var block = Assert.Single(events, told => told.Verdict is VerdictKind.Block);
        Assert.Equal(2, block.Coverage!.Messages);
        Assert.Equal(1, inspection.Uninspected[nameof(UninspectedReason.UnreadContentType)]);
    }

    /// <summary>Nothing of it can be shown, and still it is not a message without text.</summary>
    [Fact]
    public async Task Message_BeyondABoundAsAWhole_IsRefused_AndSaysWhich()
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        byte[] message = [.. "an attack"u8];
        // Each level has a number beside the next one: what could be a text as well would be shown.
        for (var i = 0; i < 300; i++) message = [0x10, 0x01, 0x0A, .. Length(message.Length), .. message];
        byte[] framed = [0, 0, 0, (byte)(message.Length >> 8), (byte)message.Length, .. message];

        await RawHttp2.SendAsync(
            sidecar.Endpoint,
            [
                (":method", "POST"), (":scheme", "http"), (":authority", "shop"), (":path", "/own.Shop/Say"),
                ("content-type", "application/grpc"), ("te", "trailers"),
            ],
            framed);

        var block = Assert.Single(await sidecar.EventsAsync(), told => told.Verdict is VerdictKind.Block);
        Assert.Contains(UninspectedReason.Limit, block.Coverage!.Uninspected);
    }

    /// <summary>Bytes at the beginning, which are no text, say nothing about what stands behind the window.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Message_WhoseWindowHoldsBytesAlone_IsTooLongIfMoreFollows(bool isFollowed)
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Body = new BodyInspection { LimitBytes = 1024 },
            });
        byte[] message = [0x0A, .. Length(8000), .. Enumerable.Repeat((byte)0xFF, 8000)];
        if (isFollowed) message = [.. message, 0x12, 9, .. "an attack"u8];

        await RawHttp2.SendAsync(
            sidecar.Endpoint,
            [
                (":method", "POST"), (":scheme", "http"), (":authority", "shop"), (":path", "/own.Shop/Say"),
                ("content-type", "application/grpc"), ("te", "trailers"),
            ],
            [0, 0, 0, (byte)(message.Length >> 8), (byte)message.Length, .. message]);

        Assert.Equal(
            isFollowed,
            (await sidecar.EventsAsync()).Any(told => told is { Verdict: VerdictKind.Block, Reason: "Limit" }));
    }

    /// <summary>What is packed in a way that is undone is read; packed bytes that look like text are none.</summary>
    [Theory]
    [InlineData("zstd", VerdictKind.Block)]
    [InlineData("snappy", VerdictKind.Allow)]
    [InlineData("own", VerdictKind.Allow)]
    public async Task PackedMessage_IsReadOrSaidToBeUnread(string coding, VerdictKind verdict)
    {
        await using var upstream = await TestUpstream.StartAsync(protocols: HttpProtocols.Http2);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
            });
        using var compressor = new ZstdSharp.Compressor();
        byte[] message = coding is "zstd" ? compressor.Wrap([0x0A, 9, .. "an attack"u8]).ToArray()
            : [.. "these are letters of something else"u8];

        await RawHttp2.SendAsync(
            sidecar.Endpoint,
            [
                (":method", "POST"), (":scheme", "http"), (":authority", "shop"), (":path", "/own.Shop/Say"),
                ("content-type", "application/grpc"), ("te", "trailers"), ("grpc-encoding", coding),
            ],
            [1, 0, 0, 0, (byte)message.Length, .. message]);

        var events = await sidecar.EventsAsync();
        Assert.Contains(events, told => told.Verdict == verdict);
        if (verdict is VerdictKind.Allow)
            Assert.Contains(events, told =>
                told.Coverage!.Uninspected.Contains(UninspectedReason.UnreadContentType) && !told.Coverage.IsWhole);
    }

    /// <summary>A varint of two bytes at least.</summary>
    private static byte[] Length(int value) => [(byte)(value & 0x7F | 0x80), (byte)(value >> 7)];

    private static async Task TalkAsync(TestSidecar sidecar, params string[] texts)
    {
        using var socket = new ClientWebSocket();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws"), patience.Token);
        var buffer = new byte[4096];
        foreach (var text in texts)
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(text), WebSocketMessageType.Text, true, patience.Token);
            if ((await socket.ReceiveAsync(buffer, patience.Token)).MessageType is WebSocketMessageType.Close) return;
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
    }
}
