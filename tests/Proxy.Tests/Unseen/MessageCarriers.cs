using System.Buffers.Binary;
using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>Frames of a WebSocket with the attack in one of the messages.</summary>
/// <param name="Name">Format and place.</param>
/// <param name="Frames">What goes over the wire, masked as clients must.</param>
/// <param name="Content">The message as the application gets it.</param>
internal sealed record CarriedMessage(string Name, byte[] Frames, byte[] Content);

/// <summary>Messages as applications write them, split over frames and among harmless ones.</summary>
internal static class MessageCarriers
{
    private const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9;
    private const int Final = 0x80;
    private const int ReasonBytesMax = 123;

    public static CarriedMessage Any(Random random, string attack)
    {
        var padding = Padding.Short(random);
        var value = padding.TextBefore(random) + attack + padding.TextAfter(random);
        if (random.Next(10) == 0 && value.Length <= ReasonBytesMax) return InReason(random, value);
        var json = Encodings.Json(random, value);
        var (name, text) = random.Next(9) switch
        {
            0 => ("text", value),
            1 => ("JSON", $"{{\"q\":\"{json}\"}}"),
            2 => ("Socket.IO", $"42[\"say\",{{\"q\":\"{json}\"}}]"),
            3 => ("SignalR", $"{{\"type\":1,\"arguments\":[\"{json}\"]}}\u001e"),
            4 => ("Socket.IO in a namespace", $"42/chat,[\"say\",{{\"q\":\"{json}\"}}]"),
            5 => ("JSON in STOMP", $"SEND\ndestination:/queue/a\n\n{{\"q\":\"{json}\"}}\0"),
            6 => ("JSON with other bytes", $"{{\"pad\":\"{new string('\u00ff', 400)}\",\"q\":\"{json}\"}}"),
            7 => ("JSON key", $"{{\"{json}\":1}}"),
            _ => ("STOMP", $"SEND\ndestination:/queue/a\n\n{value}\0"),
        };
        var content = Encoding.Latin1.GetBytes(text);
        using var frames = new MemoryStream();
        for (var i = random.Next(3); i > 0; i--) Write(frames, random, Final | Text, "tea"u8);
        var opcode = random.Next(3) == 0 ? Binary : Text;
        var pieces = 1 + random.Next(4);
        for (var (piece, at) = (0, 0); piece < pieces; piece++)
        {
            var length = piece == pieces - 1 ? content.Length - at : random.Next(content.Length - at + 1);
            var flags = (piece == pieces - 1 ? Final : 0) | (piece == 0 ? opcode : Continuation);
            Write(frames, random, flags, content.AsSpan(at, length));
            at += length;
            // Control frames may stand between the frames of a message.
            if (random.Next(4) == 0) Write(frames, random, Final | Ping, "p"u8);
        }

        for (var i = random.Next(2); i > 0; i--) Write(frames, random, Final | Text, "cake"u8);
        Write(frames, random, Final | Close, [3, 0xe8]);
        return new CarriedMessage($"{name} in {pieces} frames", frames.ToArray(), content);
    }

    /// <summary>What a client says when it goes.</summary>
    private static CarriedMessage InReason(Random random, string value)
    {
        var reason = Encoding.Latin1.GetBytes(value);
        using var frames = new MemoryStream();
        for (var i = random.Next(3); i > 0; i--) Write(frames, random, Final | Text, "tea"u8);
        Write(frames, random, Final | Close, [3, 0xe8, .. reason]);
        return new CarriedMessage("reason of a close", frames.ToArray(), reason);
    }

    private static void Write(MemoryStream frames, Random random, int flags, ReadOnlySpan<byte> content)
    {
        frames.WriteByte((byte)flags);
        switch (content.Length)
        {
            case < 126:
                frames.WriteByte((byte)(0x80 | content.Length));
                break;
            default:
                frames.WriteByte(0x80 | 126);
                Span<byte> length = stackalloc byte[2];
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)content.Length);
                frames.Write(length);
                break;
        }

        Span<byte> mask = stackalloc byte[4];
        random.NextBytes(mask);
        frames.Write(mask);
        for (var i = 0; i < content.Length; i++) frames.WriteByte((byte)(content[i] ^ mask[i & 3]));
    }
}
