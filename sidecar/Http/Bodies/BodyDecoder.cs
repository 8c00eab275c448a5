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

    /// <summary>False when the body cannot be read; the request then says why.</summary>
    public static bool TryDecode(CanonicalRequest request)
    {
        if (request.BodyError != BodyError.None) return false;
        if (request.TryGetHeader("content-encoding"u8, out var codings) && !TryUndoCodings(request, codings))
            return false;
        if (request.Processor is not (BodyFormat.UrlEncoded or BodyFormat.Multipart) && !request.IsCodingOpaque)
            ConvertWhole(request);
        return true;
    }

    /// <summary>
    /// Converts a body that is text as a whole. Where its bytes read as ASCII all the same, a server that ignores the
    /// declaration would read those: they stay the body, and the conversion becomes an argument of its own.
    /// </summary>
    private static void ConvertWhole(CanonicalRequest request)
    {
        var body = request[request.Body];
        var charset = request.Charset;
        if (body is [0xff, 0xfe, ..]) request.Arena.TryAppend("utf-16le"u8, out charset);
        else if (body is [0xfe, 0xff, ..]) request.Arena.TryAppend("utf-16be"u8, out charset);
        else if (charset.IsEmpty && IsWide(body, low: 0)) request.Arena.TryAppend("utf-16le"u8, out charset);
        else if (charset.IsEmpty && IsWide(body, low: 1)) request.Arena.TryAppend("utf-16be"u8, out charset);
        var converted = Charsets.ToUtf8(request, request.Body, charset);
        if (converted == request.Body) return;
        if (Charsets.LooksLikeAscii(body)) Unparsed.Add(request, "body.converted"u8, converted);
        else request.SetBody(converted);
    }

    /// <summary>
    /// JSON and XML in UTF-16 without a mark: readers know it by its zero bytes (RFC 4627 section 3, XML appendix F).
    /// </summary>
    private static bool IsWide(ReadOnlySpan<byte> body, int low) =>
        body.Length >= 4 && body[1 - low] == 0 && body[3 - low] == 0 && body[low + 2] is >= 9 and < 127
        && body[low] is (byte)'{' or (byte)'[' or (byte)'"' or (byte)'<' or (byte)' ';

    private static bool TryUndoCodings(CanonicalRequest request, Slice codings)
    {
        var count = 0;
        var rest = codings;
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

            var coding = CodingOf(name);
            if (coding is null)
            {
                // No program undoes it unasked: it belongs to the application (snappy, aws-chunked), or is ignored.
                request.Note(Anomalies.UnknownContentCoding);
                request.IsCodingOpaque = !IsIgnored(name);
                return true;
            }

            if (!TryUndo(request, coding.Value)) return false;
        }

        return true;
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

    private static bool TryUndo(CanonicalRequest request, Coding coding)
    {
        var encoded = request.Arena.Memory(request.Body);
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
            return TryCopy(request, decoder, encoded.Length, buffer);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or InvalidOperationException
            or ZstdException)
        {
            request.Note(Anomalies.MalformedCompression);
            request.Fail(BodyError.Compression, "The compressed body is malformed.");
            request.SetBody(new Slice(start, request.Arena.Length - start));
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static DecompressionStream Zstandard(Stream source)
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

        if (request.Arena.Length == start && encodedLength > 0)
        {
            request.Note(Anomalies.MalformedCompression);
            request.Fail(BodyError.Compression, "The compressed body is malformed.");
            return false;
        }

        request.SetBody(new Slice(start, request.Arena.Length - start));
        return true;
    }

    /// <summary>"deflate" means zlib's wrapper (RFC 9110 section 8.4.1.2); some clients send the bare stream.</summary>
    private static bool IsZLib(ReadOnlySpan<byte> body) =>
        body.Length >= 2 && (body[0] & 0x0f) == 8 && (body[0] << 8 | body[1]) % 31 == 0;
}
