using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace WafOperator.Proxy.Tests.Harness;

/// <summary>Frames over a socket, for HTTP/2 requests that no client library sends. Fields are sent as literals.</summary>
internal static class RawHttp2
{
    public const byte Data = 0, HeadersFrame = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, Continuation = 9;
    public const byte EndStream = 1, EndHeaders = 4, Padded = 8;

    /// <summary>What a client says first.</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Statuses of HPACK's static table, from index 8 on.</summary>
    private static readonly int[] StaticStatuses = [200, 204, 206, 304, 400, 404, 500];

    /// <summary>Sends one request; the status of the answer, or 0 when the stream or the connection was ended instead.</summary>
    public static async Task<int> SendAsync(
        IPEndPoint endpoint, IReadOnlyList<(string Name, string Value)> fields, byte[] body)
    {
        using var connection = await RawConnection.OpenAsync(endpoint);
        var stream = connection.Stream;
        await stream.WriteAsync(Preface.ToArray());
        await stream.WriteAsync(Frame(Settings, 0, 0, []));
        await stream.WriteAsync(Frame(HeadersFrame, EndHeaders, 1, Encode(fields)));
        await stream.WriteAsync(Frame(Data, EndStream, 1, body));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var head = new byte[9];
        while (true)
        {
            try
            {
                await stream.ReadExactlyAsync(head, patience.Token);
                var payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
                await stream.ReadExactlyAsync(payload, patience.Token);
                if (head[3] is Reset or GoAway) return 0;
                if (head[3] is HeadersFrame) return Status(payload);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[0], frame[1], frame[2]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>A block of literal fields (RFC 7541, section 6.2.2), without Huffman coding.</summary>
    public static byte[] Encode(IReadOnlyList<(string Name, string Value)> fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            Write(block, name);
            Write(block, value);
        }

        return block.ToArray();
    }

    private static void Write(MemoryStream block, string text)
    {
        // An integer with a prefix of seven bits.
        block.WriteByte((byte)Math.Min(text.Length, 127));
        for (var rest = text.Length - 127; rest >= 0; rest >>= 7)
        {
            block.WriteByte((byte)(rest < 128 ? rest : rest & 127 | 128));
            if (rest < 128) break;
        }

        block.Write(Encoding.Latin1.GetBytes(text));
    }

    /// <summary>The first field is the status: an index, or a literal whose name is one.</summary>
    private static int Status(byte[] block)
    {
        var at = 0;
        while ((block[at] & 0xe0) == 0x20) at++;
        if ((block[at] & 0x80) != 0) return StaticStatuses[(block[at] & 0x7f) - 8];
        var length = block[at + 1];
        Assert.True(length < 0x80, "a literal without Huffman coding is expected");
        return int.Parse(block.AsSpan(at + 2, length), System.Globalization.CultureInfo.InvariantCulture);
    }
}
