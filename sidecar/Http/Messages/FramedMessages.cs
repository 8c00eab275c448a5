using System.Buffers.Binary;
using WafOperator.Http.Bodies;

namespace WafOperator.Http.Messages;

/// <summary>
/// Bodies that are messages with a prefix each (a byte of flags, four bytes of length): gRPC-Web, which browsers send
/// over any version of HTTP, also in base64 (<c>application/grpc-web-text</c>,
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md); gRPC that does not come as a stream; streams of
/// Connect. Texts have the names that they have in the messages of a stream.
/// </summary>
internal static class FramedMessages
{
    private const int PrefixBytes = 5;
    private const byte CompressedFlag = 1;

    /// <summary>
    /// A message, one of Connect that ends a stream, trailers of gRPC-Web; each plain or compressed.
    /// </summary>
    private static ReadOnlySpan<byte> Flags => [0, 1, 2, 3, 0x80, 0x81];

    /// <summary>Bytes of nested messages that are walked over, for each byte of the body.</summary>
    private const long WorkPerByteMax = 8;

    private static ReadOnlySpan<byte> Web => "application/grpc-web-text"u8;

    /// <summary>
    /// Shows the texts of all messages. True when the body is messages to its end, or to where it was cut; what in them
    /// is no text is noted as unread then.
    /// </summary>
    public static bool TryRead(CanonicalRequest request, Slice body)
    {
        if (request[request.MediaType].StartsWith(Web))
        {
            if (!request.Arena.TryReserve(body.Length)) { request.NoMemory(); return false; }
            body = request.Arena.Commit(TransferCoding.DecodeGroups(request[body], request.Arena.Tail));
        }

        if (body.IsEmpty) return false;
        var reading = new Reading(request, body.Length);
        while (!body.IsEmpty)
        {
            if (!TryNext(request[body], out var flags, out var length))
            {
                if (request.IsBodyCut && body.Length < PrefixBytes) break;
                Unparsed.Add(request, "message.unparsed"u8, body);
                return false;
            }

            var isCut = length > body.Length - PrefixBytes;
            var content = body.Sub(PrefixBytes, (int)Math.Min(length, (uint)(body.Length - PrefixBytes)));
            reading.Show(content, (flags & CompressedFlag) != 0, isCut);
            body = body.From(PrefixBytes + content.Length);
        }

        request.Note(UnreadContent.ContentType, reading.UnreadBytes);
        return true;
    }

    private static bool TryNext(ReadOnlySpan<byte> bytes, out byte flags, out uint length)
    {
        (flags, length) = (0, 0);
        if (bytes.Length < PrefixBytes || !Flags.Contains(bytes[0])) return false;
        flags = bytes[0];
        length = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        return true;
    }

    /// <summary>The messages of one body, under bounds that hold for all of them together.</summary>
    private sealed class Reading(CanonicalRequest request, int bodyBytes)
    {
        private readonly List<ProtobufText> _found = [];
        private readonly ProtobufLimits _limits = ProtobufLimits.Of(request.Limits);
        private readonly string? _coding = CodingOf(request);
        private long _work, _unpacked;

        /// <summary>Bytes of messages that are neither text nor fields.</summary>
        public long UnreadBytes { get; private set; }

        public void Show(Slice content, bool isCompressed, bool isCut)
        {
            if (content.IsEmpty || request.Exceeded.HasFlag(ExceededLimits.Arguments)) return;
            if (!isCompressed || _coding is null or "identity") UnreadBytes += Read(request[content], isCut);
            else ShowUnpacked(content, isCut);
        }

        private void ShowUnpacked(Slice content, bool isCut)
        {
            var room = (int)Math.Max(0, request.Limits.DecompressedBytesMax - _unpacked);
            var unpacked = MessageCompression.Unpack(request.Arena.Memory(content), _coding, room, out var isLong);
            if (unpacked is null)
            {
                // Of a coding that nobody here knows: texts in it all the same.
                Read(request[content], isCut);
                UnreadBytes += content.Length;
                return;
            }

            _unpacked += unpacked.Length;
            if (request.Room is { } common && !common.TryTake(unpacked.Length)) request.IsOutOfRoom = true;
            if (isLong && !isCut) request.Note(ExceededLimits.DecompressedBytes);
            UnreadBytes += Read(unpacked, isLong);
        }

        private long Read(ReadOnlySpan<byte> message, bool isCut)
        {
            _found.Clear();
            var all = Math.Max(_limits.WorkMax, WorkPerByteMax * (bodyBytes + _unpacked));
            var reading = MessageContent.ReadInBody(
                request, message, isCut, _limits with { WorkMax = Math.Max(0, all - _work) }, _found);
            _work += reading.Work;
            return reading.UnreadBytes;
        }

        private static string? CodingOf(CanonicalRequest request)
        {
            if (!request.TryGetHeader("grpc-encoding"u8, out var value)
                && !request.TryGetHeader("connect-content-encoding"u8, out value)) return null;
            return System.Text.Encoding.Latin1.GetString(request[value]).Trim().ToLowerInvariant();
        }
    }
}
