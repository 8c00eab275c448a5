using System.Buffers;
using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Undoes content codings (gzip, deflate, br, zstd; RFC 9110 section 8.4) within size and ratio limits, then the
/// charset of
/// bodies that are text as a whole.
/// </summary>
internal static class BodyDecoder
{
    /// <summary>A Zstandard window of 8 MiB is what content codings may use (RFC 9659).</summary>
    private const int WindowLogMax = 23;

    private const int RatioJudgedFromBytes = 64 * 1024;
    private const string Malformed = "The compressed body is malformed.";

    /// <summary>False when the body cannot be read; the request then says why.</summary>
    public static bool TryDecode(CanonicalRequest request)
    {
        if (request.BodyError != BodyError.None) return false;
        if (!TryUndoCodings(request, CodingsOf(request))) return false;
        if (request.Processor is not (BodyFormat.UrlEncoded or BodyFormat.Multipart)) ConvertWhole(request);
        return true;
    }

    /// <summary>
    /// Converts a body that is text as a whole. Where its bytes read as ASCII all the same, a server that ignores the
    /// declaration would read those: they stay the body, and the conversion becomes an argument of its own.
    /// </summary>
    private static void ConvertWhole(CanonicalRequest request)
    {
        var body = request[request.Body];
        var charset = CharsetOf(request, request.Body);
        var converted = Charsets.ToUtf8(request, request.Body, charset);
        if (converted == request.Body) return;
        if (Charsets.LooksLikeAscii(body)) Unparsed.Add(request, "body.converted"u8, converted);
        else request.SetBody(converted);
    }

    /// <summary>
    /// The text of a form, or of a part, that is in another width or code than ASCII as a whole. False where there is
    /// nothing to convert.
    /// </summary>
    public static bool TryConvert(CanonicalRequest request, Slice body, out Slice converted)
    {
        converted = body;
        var charset = CharsetOf(request, body);
        if (!charset.IsEmpty) converted = Charsets.ToUtf8(request, body, charset);
        return converted != body;
    }

    /// <summary>JSON and XML in UTF-16 without a mark: readers know it by its zero bytes.</summary>
    public static bool IsWide(ReadOnlySpan<byte> body) =>
        body is [0xff, 0xfe, ..] or [0xfe, 0xff, ..] || IsWide(body, low: 0) || IsWide(body, low: 1);

    /// <summary>The charset that a mark or the first bytes give away, else the declared one.</summary>
    private static Slice CharsetOf(CanonicalRequest request, Slice body)
    {
        var name = CharsetOf(request[body], !request.Charset.IsEmpty);
        if (name.IsEmpty || !request.Arena.TryAppend(name, out var charset)) return request.Charset;
        return charset;
    }

    /// <summary>RFC 4627 section 3, XML appendix F.</summary>
    private static ReadOnlySpan<byte> CharsetOf(ReadOnlySpan<byte> body, bool isDeclared) => body switch
    {
        [0xff, 0xfe, 0, 0, ..] => "utf-32le"u8,
        [0, 0, 0xfe, 0xff, ..] => "utf-32be"u8,
        [0xff, 0xfe, ..] => "utf-16le"u8,
        [0xfe, 0xff, ..] => "utf-16be"u8,
        _ when isDeclared => default,
        [0, 0, 0, (byte)'{' or (byte)'[' or (byte)'"' or (byte)'<', ..] => "utf-32be"u8,
        [(byte)'{' or (byte)'[' or (byte)'"' or (byte)'<', 0, 0, 0, ..] => "utf-32le"u8,
        // "<?xm" of an XML declaration in EBCDIC.
        [0x4c, 0x6f, 0xa7, 0x94, ..] => "ibm037"u8,
        _ when IsWide(body, low: 0) => "utf-16le"u8,
        _ when IsWide(body, low: 1) => "utf-16be"u8,
        _ => default,
    };

    private static bool IsWide(ReadOnlySpan<byte> body, int low) =>
        body.Length >= 4 && body[1 - low] == 0 && body[3 - low] == 0 && body[low + 2] is >= 9 and < 127
        && body[low] is (byte)'{' or (byte)'[' or (byte)'"' or (byte)'<' or (byte)' ';

    /// <summary>
    /// All lines of the field as one list, as whoever joins them passes them on (RFC 9110 section 5.3).
    /// </summary>
    private static Slice CodingsOf(CanonicalRequest request)
    {
        Slice list = default;
        var (lines, bytes) = (0, 0);
        foreach (ref readonly var header in request.Headers)
        {
            if (!request[header.LowerName].SequenceEqual("content-encoding"u8)) continue;
            (list, lines, bytes) = (header.Value, lines + 1, bytes + header.Value.Length + 1);
        }

        if (lines < 2) return list;
        if (!request.Arena.TryReserve(bytes)) { request.NoMemory(); return default; }
        var start = request.Arena.Length;
        foreach (ref readonly var header in request.Headers)
        {
            if (!request[header.LowerName].SequenceEqual("content-encoding"u8)) continue;
            request.Arena.TryAppendCopy(header.Value, out _);
            request.Arena.TryAppend((byte)',');
        }

        return new Slice(start, request.Arena.Length - start);
    }

    /// <summary>
    /// Undoes what is known of the list. A coding that no program undoes unasked (snappy, aws-chunked) belongs to the
    /// application, or is ignored by it: known ones beside it are undone where the body is in them.
    /// </summary>
    private static bool TryUndoCodings(CanonicalRequest request, Slice codings)
    {
        var count = 0;
        var rest = codings;
        string? malformed = null;
        Slice undone = default;
        while (!rest.IsEmpty)
        {
            var comma = request[rest].LastIndexOf((byte)',');
            var name = request[comma < 0 ? rest : rest.From(comma + 1)].Trim(" \t"u8);
            rest = comma < 0 ? default : rest.Sub(0, comma);
            if (name.IsEmpty || HeadReader.EqualsIgnoreCase(name, "identity"u8)) continue;
            if (++count > request.Limits.ContentCodingsMax)
            {
                request.Note(ExceededLimits.ContentCodings);
                request.Fail(BodyError.Compression, "The body is encoded too often.");
                return false;
            }

            if (CodingOf(name) is not { } coding)
            {
                request.Note(Anomalies.UnknownContentCoding);
                request.IsCodingOpaque |= !IsIgnored(name);
                continue;
            }

            if (malformed is not null) continue;
            var encoded = request.Body;
            malformed = TryUndo(request, coding);
            request.IsCoded = true;
            if (request.BodyError != BodyError.None || request.IsOutOfRoom) return false;
            if (malformed is null) continue;
            undone = request.Body;
            request.SetBody(encoded);
        }

        if (malformed is null) return true;
        if (request.IsCodingOpaque)
        {
            if (!undone.IsEmpty) request.SetBody(undone);
            return true;
        }

        request.Note(Anomalies.MalformedCompression);
        request.Fail(BodyError.Compression, malformed);
        request.SetBody(undone);
        return false;
    }

    private enum Coding
    {
        GZip,
        Deflate,
        Brotli,
        Zstandard,
    }

    /// <summary>Names of charsets, which some clients put into the wrong header.</summary>
    private static bool IsIgnored(ReadOnlySpan<byte> name) =>
        HeadReader.EqualsIgnoreCase(name, "utf-8"u8) || HeadReader.EqualsIgnoreCase(name, "utf8"u8)
        || HeadReader.EqualsIgnoreCase(name, "amz-1.0"u8) || HeadReader.EqualsIgnoreCase(name, "none"u8);

    private static Coding? CodingOf(ReadOnlySpan<byte> name)
    {
        if (HeadReader.EqualsIgnoreCase(name, "gzip"u8) || HeadReader.EqualsIgnoreCase(name, "x-gzip"u8))
            return Coding.GZip;
        if (HeadReader.EqualsIgnoreCase(name, "deflate"u8)) return Coding.Deflate;
        if (HeadReader.EqualsIgnoreCase(name, "zstd"u8)) return Coding.Zstandard;
        return HeadReader.EqualsIgnoreCase(name, "br"u8) ? Coding.Brotli : null;
    }

    /// <summary>Null, or what is wrong with the body. A bound that is met fails it at once.</summary>
    private static string? TryUndo(CanonicalRequest request, Coding coding)
    {
        var encoded = request.Arena.Memory(request.Body);
        if (coding is Coding.Deflate && IsZLib(encoded.Span) && IsBareDeflate(encoded))
            return "The compressed body can be read in more than one way.";
        var start = request.Arena.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            using var source = new ReadOnlyMemoryStream(encoded);
            using Stream decoder = coding switch
            {
                Coding.GZip => new GZipStream(source, CompressionMode.Decompress),
                Coding.Brotli => new BrotliStream(source, CompressionMode.Decompress),
                Coding.Zstandard => Zstandard(source),
                _ when IsZLib(encoded.Span) => new ZLibStream(source, CompressionMode.Decompress),
                _ => new DeflateStream(source, CompressionMode.Decompress),
            };
            if (!TryCopy(request, decoder, encoded.Length, buffer)) return Malformed;
            return source.IsDrained ? null : "There are bytes behind the compressed body.";
        }
        catch (Exception error) when (error is InvalidDataException or IOException or InvalidOperationException
            or ZstdException)
        {
            request.SetBody(new Slice(start, request.Arena.Length - start));
            return Malformed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The bytes of a zlib stream are a bare deflate stream too, with another content for whoever takes them so. Its
    /// first block would be a stored one, whose length stands twice: not by chance.
    /// </summary>
    private static bool IsBareDeflate(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            using var bare = new DeflateStream(new ReadOnlyMemoryStream(encoded), CompressionMode.Decompress);
            return bare.ReadByte() >= 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>A decoder that asks for no more memory than the largest window that is taken.</summary>
    internal static DecompressionStream Zstandard(Stream source)
    {
        var decoder = new DecompressionStream(source, leaveOpen: false);
        decoder.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, WindowLogMax);
        return decoder;
    }

    private static bool TryCopy(CanonicalRequest request, Stream decoder, int encodedLength, byte[] buffer)
    {
        var start = request.Arena.Length;
        while (true)
        {
            var read = decoder.Read(buffer);
            if (read == 0) break;
            if (request.Room is { } room && !room.TryTake(read))
            {
                request.IsOutOfRoom = true;
                request.SetBody(new Slice(start, request.Arena.Length - start));
                return false;
            }

            var total = (long)request.Arena.Length - start + read;
            var limit = total > request.Limits.DecompressedBytesMax ? ExceededLimits.DecompressedBytes
                : total > RatioJudgedFromBytes && total > (long)encodedLength * request.Limits.DecompressionRatioMax
                    ? ExceededLimits.DecompressionRatio
                    : ExceededLimits.None;
            if (limit == ExceededLimits.None && request.Arena.TryAppend(buffer.AsSpan(0, read), out _)) continue;
            request.Note(limit == ExceededLimits.None ? ExceededLimits.Memory : limit);
            request.Fail(BodyError.Compression, "The compressed body grows too large.");
            request.SetBody(new Slice(start, request.Arena.Length - start));
            return false;
        }

        request.SetBody(new Slice(start, request.Arena.Length - start));
        return request.Arena.Length > start || encodedLength == 0;
    }

    /// <summary>"deflate" means zlib's wrapper (RFC 9110 section 8.4.1.2); some clients send the bare stream.</summary>
    private static bool IsZLib(ReadOnlySpan<byte> body) =>
        body.Length >= 2 && (body[0] & 0x0f) == 8 && (body[0] << 8 | body[1]) % 31 == 0;
}
