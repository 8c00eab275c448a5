using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// One request over HTTP/2, its body cut into frames of any size: empty ones, padded ones, with other frames between
/// them, its head continued or not.
/// </summary>
internal static class CallWire
{
    private const int Stream = 1;
    private const int FrameBytesMax = 16 << 10;

    public static byte[] Of(Random random, IReadOnlyList<(string Name, string Value)> fields, CarriedCall call)
    {
        var body = call.Body;
        using var wire = new MemoryStream();
        wire.Write(RawHttp2.Preface);
        wire.Write(RawHttp2.Frame(RawHttp2.Settings, 0, 0, []));
        Head(random, wire, RawHttp2.Encode(fields));
        for (var at = 0; at < body.Length;)
        {
            var most = random.Next(3) switch { 0 => 7, 1 => 300, _ => FrameBytesMax - 300 };
            // Few frames for long bodies: they are many otherwise.
            var length = Math.Max(1 + random.Next(most), Math.Min(body.Length / 100, FrameBytesMax - 300));
            length = Math.Min(body.Length - at, length);
            Data(random, wire, body.AsSpan(at, length), isLast: false);
            at += length;
            if (random.Next(20) == 0) wire.Write(RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]));
            if (random.Next(20) == 0) Data(random, wire, [], isLast: false);
        }

        if (call.Trailers.Count == 0) Data(random, wire, [], isLast: true);
        else
        {
            const byte flags = RawHttp2.EndHeaders | RawHttp2.EndStream;
            wire.Write(RawHttp2.Frame(RawHttp2.HeadersFrame, flags, Stream, RawHttp2.Encode(call.Trailers)));
        }

        // No more requests: the server closes when this one is answered.
        wire.Write(RawHttp2.Frame(RawHttp2.GoAway, 0, 0, new byte[8]));
        return wire.ToArray();
    }

    private static void Head(Random random, MemoryStream wire, byte[] block)
    {
        var cut = random.Next(3) == 0 ? 1 + random.Next(block.Length - 1) : block.Length;
        var ends = cut == block.Length ? RawHttp2.EndHeaders : (byte)0;
        wire.Write(RawHttp2.Frame(RawHttp2.HeadersFrame, ends, Stream, block[..cut]));
        if (cut < block.Length)
            wire.Write(RawHttp2.Frame(RawHttp2.Continuation, RawHttp2.EndHeaders, Stream, block[cut..]));
    }

    private static void Data(Random random, MemoryStream wire, ReadOnlySpan<byte> content, bool isLast)
    {
        var flags = isLast ? RawHttp2.EndStream : (byte)0;
        if (random.Next(6) != 0)
        {
            wire.Write(RawHttp2.Frame(RawHttp2.Data, flags, Stream, content.ToArray()));
            return;
        }

        var padding = random.Next(200);
        byte[] payload = [(byte)padding, .. content, .. new byte[padding]];
        wire.Write(RawHttp2.Frame(RawHttp2.Data, (byte)(flags | RawHttp2.Padded), Stream, payload));
    }
}
