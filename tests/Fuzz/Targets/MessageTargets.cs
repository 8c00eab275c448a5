using System.Text;
using WafOperator.Fuzz.Running;
using WafOperator.Http;
using WafOperator.Http.Messages;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// A stream of messages: no crash; the same steps, contents and lengths however the bytes are cut; never more memory
/// than the window; and each message read as arguments without a crash.
/// </summary>
public abstract class MessageStreamTarget : FuzzTarget
{
    private const int WindowBytes = 300;

    private readonly CanonicalRequest _request = new();

    protected abstract MessageFormat Format { get; }

    protected abstract MessageReader Open(int windowBytes);

    public override void Check(byte[] input, Random random)
    {
        var whole = Read(input, input.Length);
        Require(whole == Read(input, 1), "byte by byte equals whole");
        Require(whole == Read(input, 1 + random.Next(40)), "in pieces equals whole");
    }

    private string Read(byte[] input, int piece)
    {
        using var reader = Open(WindowBytes);
        var told = new StringBuilder();
        for (var at = 0; at < input.Length;)
        {
            var bytes = input.AsSpan(at, Math.Min(piece, input.Length - at));
            at += bytes.Length;
            for (var step = MessageStep.NeedsMore; !bytes.IsEmpty || step is MessageStep.WindowFull;)
            {
                step = reader.Read(bytes, out var consumed);
                Require(consumed <= bytes.Length, "no more is taken than there is");
                Require(reader.Content.Length <= WindowBytes, "the window's bound");
                bytes = bytes[consumed..];
                if (step is MessageStep.NeedsMore) continue;
                // How much came when the window is full, depends on how the bytes are cut; how long a message was, not.
                var length = step is MessageStep.WindowFull ? 0 : reader.Length;
                told.Append($"{step} {length} {Encoding.Latin1.GetString(reader.Content.Span)}\n");
                if (step is MessageStep.Malformed) return told.ToString();
                if (step is MessageStep.Message or MessageStep.WindowFull)
                    told.Append(Arguments(reader.Content.Span, step is MessageStep.WindowFull));
            }
        }

        return told.ToString();
    }

    private string Arguments(ReadOnlySpan<byte> content, bool isCut)
    {
        _request.Reset();
        _request.Begin("GET", "/ws", "HTTP/1.1");
        _request.EndHeaders();
        var unread = MessageContent.Read(_request, content, Format, isCut);
        Require(unread >= 0 && unread <= content.Length, "no more is unread than there is");
        return HttpSnapshot.Of(_request);
    }
}

/// <summary>Frames of a WebSocket, masked and not.</summary>
public sealed class WebSocketTarget : MessageStreamTarget
{
    public override string Name => "message-websocket";

    protected override MessageFormat Format => MessageFormat.Text;

    private static readonly Pieces Texts = new(
        ["{\"a\":\"b\"}", "42[\"say\",{\"a\":1}]", "tea", "SEND\na:b\n\nx\0"],
        ["{", "}", "\"", "a", "\u001e", "[", "\0", "\\u0041", "é", ",", ":", "tea and cake for two "]);

    protected override MessageReader Open(int windowBytes) => new WebSocketFrameReader(windowBytes);

    public override byte[] Generate(Random random)
    {
        using var frames = new MemoryStream();
        for (var count = 1 + random.Next(5); count > 0; count--)
        {
            byte[] opcodes = [0x81, 0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc1, (byte)random.Next(256)];
            var content = Texts.Next(random);
            if (content.Length > 60_000) content = content[..60_000];
            frames.WriteByte(opcodes[random.Next(opcodes.Length)]);
            var isMasked = random.Next(12) == 0 ? 0 : 0x80;
            if (content.Length < 126)
            {
                frames.WriteByte((byte)(isMasked | content.Length));
            }
            else
            {
                frames.WriteByte((byte)(isMasked | 126));
                frames.WriteByte((byte)(content.Length >> 8));
                frames.WriteByte((byte)content.Length);
            }

            var mask = new byte[4];
            random.NextBytes(mask);
            if (isMasked != 0) frames.Write(mask);
            for (var i = 0; i < content.Length; i++)
                frames.WriteByte((byte)(isMasked != 0 ? content[i] ^ mask[i & 3] : content[i]));
        }

        return Damaged(frames.ToArray(), random);
    }

    internal static byte[] Damaged(byte[] bytes, Random random)
    {
        if (bytes.Length > 0 && random.Next(3) == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(6) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }
}

/// <summary>Length-prefixed messages of gRPC with protocol buffers in them.</summary>
public sealed class GrpcTarget : MessageStreamTarget
{
    public override string Name => "message-grpc";

    protected override MessageFormat Format => MessageFormat.Protobuf;

    protected override MessageReader Open(int windowBytes) => new GrpcFrameReader(windowBytes);

    public override byte[] Generate(Random random)
    {
        using var frames = new MemoryStream();
        for (var count = 1 + random.Next(4); count > 0; count--)
        {
            var content = Message(random, 0);
            frames.WriteByte((byte)(random.Next(8) == 0 ? random.Next(256) : 0));
            frames.Write([0, 0, (byte)(content.Length >> 8), (byte)content.Length]);
            frames.Write(content);
        }

        return WebSocketTarget.Damaged(frames.ToArray(), random);
    }

    /// <summary>Fields of all wire types, messages within messages.</summary>
    private static byte[] Message(Random random, int depth)
    {
        using var message = new MemoryStream();
        for (var count = random.Next(5); count > 0; count--)
        {
            var field = 1 + random.Next(15);
            switch (random.Next(6))
            {
                case 0:
                    message.WriteByte((byte)(field << 3));
                    message.Write([(byte)(0x80 | random.Next(128)), (byte)random.Next(128)]);
                    break;
                case 1:
                    message.WriteByte((byte)(field << 3 | 5));
                    message.Write(Random(random, 4));
                    break;
                case 2:
                    message.WriteByte((byte)(field << 3 | 1));
                    message.Write(Random(random, 8));
                    break;
                default:
                    var content = depth < 4 && random.Next(3) == 0 ? Message(random, depth + 1)
                        : random.Next(3) == 0 ? Random(random, random.Next(20))
                        : Encoding.UTF8.GetBytes("tea and cake"[..random.Next(13)] + (char)random.Next(0x20, 0x17f));
                    message.WriteByte((byte)(field << 3 | 2));
                    if (content.Length > 127) message.WriteByte((byte)(0x80 | content.Length & 127));
                    message.WriteByte((byte)(content.Length > 127 ? content.Length >> 7 : content.Length));
                    message.Write(content);
                    break;
            }
        }

        var bytes = message.ToArray();
        return bytes.Length > 60_000 ? bytes[..60_000] : bytes;
    }

    private static byte[] Random(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
