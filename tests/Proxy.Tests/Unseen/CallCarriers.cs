using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>What the client of a gRPC call sends, with the attack in one of its messages.</summary>
/// <param name="Name">Kind of message, coding and place.</param>
/// <param name="Fields">Header fields beside those that every call has.</param>
/// <param name="Body">All messages, with the prefix of each.</param>
/// <param name="Carried">The message with the attack and its prefix, or the header's value.</param>
internal sealed record CarriedCall(
    string Name, IReadOnlyList<(string Name, string Value)> Fields, byte[] Body, byte[] Carried)
{
    /// <summary>Fields behind the body.</summary>
    public IReadOnlyList<(string Name, string Value)> Trailers { get; init; } = [];
}

/// <summary>
/// Calls as clients of gRPC make them: one message or a stream of them, compressed or not, protocol buffers or another
/// codec, with the attack in any text of any message, or in the metadata.
/// </summary>
internal static class CallCarriers
{
    private const byte Plain = 0, Compressed = 1;

    public static CarriedCall Any(Random random, string attack)
    {
        var padding = CallPadding(random);
        var value = padding.TextBefore(random) + attack + padding.TextAfter(random);
        if (random.Next(8) == 0) return InMetadata(random, attack);
        if (random.Next(30) == 0) return InTrailer(random, attack);
        var (name, message) = random.Next(6) switch
        {
            0 => ("JSON codec", Encoding.Latin1.GetBytes($"{{\"q\":[\"{Encodings.Json(random, value)}\"]}}")),
            1 => ("text codec", Encoding.Latin1.GetBytes(value)),
            _ => ProtobufMessages.Any(random, padding, value),
        };
        var type = name switch
        {
            "JSON codec" => "application/grpc+json",
            "text codec" => "application/grpc",
            _ => random.Next(4) switch
            {
                0 => "application/grpc+proto", 1 => "Application/GRPC", 2 => "application/grpc;charset=utf-8",
                _ => "application/grpc",
            },
        };
        List<(string, string)> fields = [("content-type", type)];
        var (coding, framed) = Framed(random, message);
        if (coding.Length > 0) fields.Add(("grpc-encoding", coding));
        using var body = new MemoryStream();
        var (before, after) = (random.Next(4), random.Next(3));
        for (var i = 0; i < before; i++) body.Write(Harmless(random));
        body.Write(framed);
        for (var i = 0; i < after; i++) body.Write(Harmless(random));
        return new CarriedCall(
            $"{name}, coding \"{coding}\", message {before + 1} of {before + after + 1}, {padding}", fields,
            body.ToArray(), framed);
    }

    /// <summary>Behind the body; no client of gRPC does so, and every server of HTTP/2 reads it.</summary>
    private static CarriedCall InTrailer(Random random, string attack) => new(
        "trailer", [("content-type", "application/grpc")], Harmless(random), Encoding.Latin1.GetBytes(attack))
    {
        Trailers = [("x-own", attack)],
    };

    /// <summary>Metadata whose name ends with <c>-bin</c> is decoded by every server of gRPC.</summary>
    private static CarriedCall InMetadata(Random random, string attack)
    {
        var isBinary = random.Next(2) == 0;
        var value = isBinary ? Convert.ToBase64String(Encoding.Latin1.GetBytes($"{{\"q\":\"{attack}\"}}")) : attack;
        if (isBinary && random.Next(2) == 0) value = value.TrimEnd('=');
        return new CarriedCall(
            isBinary ? "binary metadata" : "metadata",
            [("content-type", "application/grpc"), (isBinary ? "x-own-bin" : "x-own", value)],
            Harmless(random), Encoding.Latin1.GetBytes(value));
    }

    internal static byte[] Harmless(Random random) => random.Next(4) switch
    {
        0 => Prefixed(Plain, []),
        1 => Prefixed(Plain, ProtobufMessages.Field(1, "tea")),
        _ => Prefixed(Plain, [.. ProtobufMessages.Field(1, "green tea"), .. ProtobufMessages.Field(2, "cake")]),
    };

    /// <summary>
    /// Compressed as the call says, or plain although it says so: each message has a flag of its own.
    /// </summary>
    internal static (string Coding, byte[] Framed) Framed(Random random, byte[] message)
    {
        var (coding, isCompressed) = random.Next(10) switch
        {
            0 => ("gzip", true), 1 => ("deflate", true), 2 => ("br", true), 3 => ("GZIP", true), 4 => ("gzip", false),
            5 => ("identity", false), 6 => ("zstd", true), _ => ("", false),
        };
        if (!isCompressed) return (coding, Prefixed(Plain, message));
        return (coding, Prefixed(Compressed, coding switch
        {
            "deflate" => Compress(message, stream => new ZLibStream(stream, CompressionLevel.Fastest, true)),
            "br" => Compress(message, stream => new BrotliStream(stream, CompressionLevel.Fastest, true)),
            "zstd" => new ZstdSharp.Compressor().Wrap(message).ToArray(),
            _ => Compress(message, stream => new GZipStream(stream, CompressionLevel.Fastest, true)),
        }));
    }

    private static byte[] Compress(byte[] bytes, Func<Stream, Stream> coding)
    {
        using var target = new MemoryStream();
        using (var stream = coding(target)) stream.Write(bytes);
        return target.ToArray();
    }

    private static byte[] Prefixed(byte flags, byte[] message)
    {
        var framed = new byte[5 + message.Length];
        framed[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    /// <summary>Little enough that no window of HTTP/2 stops a client that does not wait for one.</summary>
    private static Padding CallPadding(Random random)
    {
        int[] lengths = [0, 0, 0, 20, 300, 5_000, 70_000], counts = [0, 0, 1, 20, 300, 1_100];
        return new Padding(
            lengths[random.Next(lengths.Length)], lengths[random.Next(lengths.Length)],
            counts[random.Next(counts.Length)], counts[random.Next(counts.Length)]);
    }
}
