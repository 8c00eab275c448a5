using System.Buffers.Binary;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Shows the bytes of a body under a content coding as a program reads them that does not heed the coding, and what a
/// coding carries besides the content. Compressed bytes hold no text by chance, so only what is text is shown; nothing
/// of it is an error or an anomaly.
/// </summary>
internal static class CodedBytes
{
    /// <summary>A pair without a value, of text alone, is shown from so many bytes on.</summary>
    private const int BareBytesMin = 8;

    private const int GZipHeadBytes = 10;

    /// <summary>Shows what is in the body as it was sent.</summary>
    public static void Show(CanonicalRequest request)
    {
        var raw = request.RawBody;
        var facts = request.Facts;
        if (request.Processor is BodyFormat.UrlEncoded)
        {
            ShowPairs(request, raw);
            BodyGuess.TryDocument(request, raw);
        }
        else if (request.Processor is BodyFormat.Multipart) ShowParts(request, raw);
        else BodyGuess.TryAll(request, raw);
        ShowFields(request, raw);
        ShowSkipped(request, raw);
        request.Facts = facts;
    }

    private static void ShowPairs(CanonicalRequest request, Slice raw)
    {
        for (var rest = raw; !rest.IsEmpty;)
        {
            var end = request[rest].IndexOf(request.ArgumentSeparator);
            var pair = end < 0 ? rest : rest.Sub(0, end);
            rest = end < 0 ? default : rest.From(end + 1);
            if (IsShown(request[pair]) && !TryShowPair(request, pair)) return;
        }
    }

    private static bool IsShown(ReadOnlySpan<byte> pair)
    {
        var text = 0;
        while (text < pair.Length && TextRuns.IsText(pair[text])) text++;
        return pair[..text].IndexOf((byte)'=') > 0 || text == pair.Length && text >= BareBytesMin
            || TextRuns.Holds(pair[text..]);
    }

    private static bool TryShowPair(CanonicalRequest request, Slice pair)
    {
        if (!TextRuns.TryBlank(request, pair, out var shown)) return false;
        var equals = request[shown].IndexOf((byte)'=');
        var rawName = equals < 0 ? shown : shown.Sub(0, equals);
        var rawValue = equals < 0 ? new Slice(shown.End, 0) : shown.From(equals + 1);
        if (!UrlEncodedReader.TryDecode(request, rawName, out var name)
            || !UrlEncodedReader.TryDecode(request, rawValue, out var value)) return false;
        request.AddArgument(name, value, rawName, rawValue, ArgumentSource.Form, isAgain: true);
        return true;
    }

    private static void ShowParts(CanonicalRequest request, Slice raw)
    {
        if (MultipartBoundary.TryRead(request, request.ContentType, out var boundary) is not null) return;
        if (request[raw].IndexOf(request[boundary]) < 0) return;
        var isForm = request[request.MediaType].SequenceEqual("multipart/form-data"u8);
        if (MultipartReader.ReadParts(request, raw, boundary, isForm, depth: 0, out var position) is not null)
            Unparsed.Add(request, "multipart.unparsed"u8, raw.From(position));
    }

    /// <summary>
    /// Fields of gzip (RFC 1952 section 2.3) that no program needs: extra ones, a file's name, a comment.
    /// </summary>
    private static void ShowFields(CanonicalRequest request, Slice raw)
    {
        var bytes = request[raw];
        if (bytes.Length < GZipHeadBytes || !bytes.StartsWith("\u001f"u8) || bytes[1] != 0x8b) return;
        var flags = bytes[3];
        var at = GZipHeadBytes;
        if ((flags & 4) != 0 && bytes.Length >= at + 2)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
            var start = at + 2;
            at = Math.Min(bytes.Length, start + length);
            Unparsed.Add(request, "coding.extra"u8, raw.Sub(start, at - start));
        }

        if ((flags & 8) != 0) ShowText(request, raw, ref at, "coding.name"u8);
        if ((flags & 16) != 0) ShowText(request, raw, ref at, "coding.comment"u8);
    }

    private static void ShowText(CanonicalRequest request, Slice raw, ref int at, ReadOnlySpan<byte> name)
    {
        var rest = raw.From(at);
        var end = request[rest].IndexOf((byte)0);
        if (end < 0) end = rest.Length;
        at = Math.Min(raw.Length, at + end + 1);
        Unparsed.Add(request, name, rest.Sub(0, end));
    }

    /// <summary>Frames of Zstandard that readers skip (RFC 8878 section 3.1.2), wherever they stand.</summary>
    private static void ShowSkipped(CanonicalRequest request, Slice raw)
    {
        ReadOnlySpan<byte> magic = [0x2a, 0x4d, 0x18];
        for (var at = 1; at < raw.Length;)
        {
            var bytes = request[raw];
            var next = bytes[at..].IndexOf(magic);
            if (next < 0) return;
            at += next;
            if (bytes[at - 1] is >= 0x50 and <= 0x5f && bytes.Length >= at + 7)
            {
                var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 3)..]);
                var content = raw.From(at + 7);
                Unparsed.Add(request, "coding.skipped"u8, content.Sub(0, (int)Math.Min(length, content.Length)));
                at += (int)Math.Min(length, content.Length);
            }

            at += magic.Length;
        }
    }
}
