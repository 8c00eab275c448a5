using System.Buffers.Binary;
using System.Text;
using WafOperator.Http.Messages;

namespace WafOperator.Http.Tests.Messages;

/// <summary>
/// Messages are told apart whatever pieces they come in, and nobody makes the reader hold more than its window.
/// </summary>
public sealed class FrameReaderTests
{
    private const int Window = 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnySplit_GivesTheSameMessages(bool isGrpc)
    {
        var random = new Random(20261129);
        for (var round = 0; round < 400; round++)
        {
            var (bytes, expected) = isGrpc ? GrpcStream(random) : WebSocketStream(random);
            Assert.Equal(expected, Split(isGrpc, bytes, bytes.Length));
            Assert.Equal(expected, Split(isGrpc, bytes, 1));
            for (var i = 0; i < 4; i++) Assert.Equal(expected, Split(isGrpc, bytes, 0, random));
        }
    }

    [Theory]
    [InlineData("0200000000", MessageStep.Malformed)]
    [InlineData("8000000000", MessageStep.Malformed)]
    [InlineData("0000000000", MessageStep.Message)]
    [InlineData("0100000000", MessageStep.Message)]
    [InlineData("00FFFFFFFF00", MessageStep.NeedsMore)]
    [InlineData("00", MessageStep.NeedsMore)]
    public void Grpc_Prefixes(string hex, MessageStep expected)
    {
        using var reader = new GrpcFrameReader(Window);

        Assert.Equal(expected, reader.Read(Convert.FromHexString(hex), out _));
    }

    [Theory]
    // Unmasked, an extension's bit, reserved opcodes.
    [InlineData("810161", MessageStep.Malformed)]
    [InlineData("C1810000000061", MessageStep.Malformed)]
    [InlineData("A1810000000061", MessageStep.Malformed)]
    [InlineData("83810000000061", MessageStep.Malformed)]
    [InlineData("8B8000000000", MessageStep.Malformed)]
    // A control frame in pieces, or a long one.
    [InlineData("098000000000", MessageStep.Malformed)]
    [InlineData("89FE007E00000000", MessageStep.Malformed)]
    // A continuation of nothing, a message within a message, a length with its highest bit.
    [InlineData("808000000000", MessageStep.Malformed)]
    [InlineData("018000000000018000000000", MessageStep.Malformed)]
    [InlineData("82FF800000000000000000000000", MessageStep.Malformed)]
    // Allowed: nothing, a ping, a ping within a message, the longest length.
    [InlineData("818000000000", MessageStep.Message)]
    [InlineData("898000000000", MessageStep.NeedsMore)]
    [InlineData("018000000000898000000000808000000000", MessageStep.Message)]
    [InlineData("82FF7FFFFFFFFFFFFFFF00000000", MessageStep.NeedsMore)]
    [InlineData("81FE000100000000", MessageStep.NeedsMore)]
    public void WebSocket_Frames(string hex, MessageStep expected)
    {
        using var reader = new WebSocketFrameReader(Window);

        Assert.Equal(expected, reader.Read(Convert.FromHexString(hex), out _));
    }

    [Fact]
    public void ALongMessage_IsJudgedByItsBeginning_AndHoldsNoMoreThanTheWindow()
    {
        using var reader = new GrpcFrameReader(Window);
        var bytes = Grpc(new byte[10 * Window], 0);

        Assert.Equal(MessageStep.WindowFull, reader.Read(bytes.AsSpan(0, 3 * Window), out var first));
        Assert.Equal(Window, reader.Content.Length);
        Assert.Equal(3 * Window, first);
        Assert.Equal(MessageStep.LongMessage, reader.Read(bytes.AsSpan(first), out var rest));
        Assert.Equal(bytes.Length, first + rest);
        Assert.Equal(10 * Window, reader.Length);
        Assert.InRange(reader.HeldBytes, 0, 2 * Window);
        Assert.Equal(MessageStep.NeedsMore, reader.Read([0], out _));
        Assert.Equal(0, reader.HeldBytes);
    }

    [Fact]
    public void ServerFrames_EndWhereTheyEnd()
    {
        var bytes = new List<byte>();
        var ends = new List<int>();
        foreach (var length in new[] { 0, 5, 125, 126, 300, 70_000 })
        {
            bytes.AddRange(Frame(new byte[length], 2, isLast: true, mask: null));
            ends.Add(bytes.Count);
        }

        foreach (var size in new[] { 1, 7, bytes.Count })
        {
            var bounds = default(WebSocketFrameBounds);
            var found = new List<int>();
            for (var position = 0; position < bytes.Count;)
            {
                position += bounds.Show(bytes.ToArray().AsSpan(position, Math.Min(size, bytes.Count - position)));
                if (bounds.IsBetweenFrames) found.Add(position);
            }

            Assert.Equal(ends, found);
        }
    }

    private static List<string> Split(bool isGrpc, byte[] bytes, int size, Random? random = null)
    {
        using MessageReader reader = isGrpc ? new GrpcFrameReader(Window) : new WebSocketFrameReader(Window);
        var found = new List<string>();
        for (var position = 0; position < bytes.Length;)
        {
            var piece = bytes.AsSpan(position, Math.Min(random?.Next(1, 700) ?? size, bytes.Length - position));
            var step = MessageStep.NeedsMore;
            while (!piece.IsEmpty || step is MessageStep.WindowFull)
            {
                step = reader.Read(piece, out var consumed);
                piece = piece[consumed..];
                position += consumed;
                Assert.True(reader.HeldBytes <= 2 * Window);
                if (step is MessageStep.Message or MessageStep.WindowFull)
                    found.Add($"{step} {Convert.ToHexString(reader.Content.Span)}");
                else if (step is MessageStep.LongMessage) found.Add($"{step} {reader.Length}");
                else Assert.Equal(MessageStep.NeedsMore, step);
            }
        }

        Assert.True(reader.IsBetweenMessages);
        return found;
    }

    private static (byte[] Bytes, List<string> Expected) GrpcStream(Random random)
    {
        var (bytes, expected) = (new List<byte>(), new List<string>());
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var content = Bytes(random, random.Next(0, 2 * Window));
            bytes.AddRange(Grpc(content, (byte)random.Next(0, 2)));
            Expect(expected, content);
        }

        return ([.. bytes], expected);
    }

    private static (byte[] Bytes, List<string> Expected) WebSocketStream(Random random)
    {
        var (bytes, expected) = (new List<byte>(), new List<string>());
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var content = Bytes(random, random.Next(0, 2 * Window));
            var opcode = random.Next(1, 3);
            for (var sent = 0; ;)
            {
                var count = random.Next(0, content.Length - sent + 1);
                if (random.Next(3) == 0) count = content.Length - sent;
                var isLast = sent + count == content.Length;
                bytes.AddRange(Frame(content[sent..(sent + count)], sent == 0 && opcode > 0 ? opcode : 0, isLast,
                    random));
                opcode = 0;
                sent += count;
                if (isLast) break;
                if (random.Next(4) == 0) bytes.AddRange(Frame(Bytes(random, random.Next(0, 126)), 9, true, random));
            }

            Expect(expected, content);
        }

        return ([.. bytes], expected);
    }

    private static void Expect(List<string> expected, byte[] content)
    {
        if (content.Length <= Window)
        {
            expected.Add($"{MessageStep.Message} {Convert.ToHexString(content)}");
            return;
        }

        expected.Add($"{MessageStep.WindowFull} {Convert.ToHexString(content.AsSpan(0, Window))}");
        expected.Add($"{MessageStep.LongMessage} {content.Length}");
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Grpc(byte[] content, byte flag)
    {
        var prefix = new byte[5];
        prefix[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(1), (uint)content.Length);
        return [.. prefix, .. content];
    }

    private static byte[] Frame(byte[] content, int opcode, bool isLast, Random? mask)
    {
        var head = new List<byte> { (byte)(opcode | (isLast ? 0x80 : 0)) };
        var flag = mask is null ? 0 : 0x80;
        if (content.Length < 126) head.Add((byte)(flag | content.Length));
        else if (content.Length <= ushort.MaxValue) head.AddRange([(byte)(flag | 126), (byte)(content.Length >> 8),
            (byte)content.Length]);
        else
        {
            head.Add((byte)(flag | 127));
            for (var shift = 56; shift >= 0; shift -= 8) head.Add((byte)((long)content.Length >> shift));
        }

        if (mask is null) return [.. head, .. content];
        var key = Bytes(mask, 4);
        return [.. head, .. key, .. content.Select((value, i) => (byte)(value ^ key[i & 3]))];
    }
}
