using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>What came of reading bytes as the document they begin like.</summary>
internal enum Guess
{
    /// <summary>They begin like none.</summary>
    Nothing,

    /// <summary>The reader stopped before their end.</summary>
    Stopped,

    /// <summary>Parts to their end. Bytes around and between parts are nobody's.</summary>
    Parts,

    /// <summary>JSON or XML to their end.</summary>
    Document,
}

/// <summary>
/// Reads bytes whose type is not declared, or not known, in the ways a program may read them that does not ask for the
/// type. A guess that fails leaves what it found until then, and is neither an error nor an anomaly.
/// </summary>
internal static class BodyGuess
{
    private const int BoundaryBytesMax = 200;

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    /// <summary>All but white space: text in natural language has some, a form that a program made has none.</summary>
    private static readonly SearchValues<byte> FormBytes = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%[]|^{}\"\\<>`#"u8);

    /// <summary>True when one of the readings took the bytes apart to their end.</summary>
    public static bool TryAll(CanonicalRequest request, Slice body) => TryDocument(request, body) || TryForm(request,
        body);

    /// <summary>JSON, XML or multipart, by the first byte. Also tried on what is declared to be a form.</summary>
    public static bool TryDocument(CanonicalRequest request, Slice body) =>
        Document(request, body) is Guess.Parts or Guess.Document;

    /// <summary>The same, with what came of it.</summary>
    public static Guess Document(CanonicalRequest request, Slice body)
    {
        var text = request[body];
        if (text.StartsWith("\uFEFF"u8)) text = text[3..];
        text = text.TrimStart(Blanks);
        var document = SkipComments(text);
        if (document.Length < text.Length && document is [(byte)'{' or (byte)'[', ..])
            return Of(TryJson(request, body.From(body.Length - document.Length)));
        if (text.IsEmpty) return Guess.Nothing;
        return text[0] switch
        {
            (byte)'{' or (byte)'[' or (byte)'"' => Of(TryJson(request, body)),
            (byte)'<' => Of((!IsHtml(text) || DeclaresMore(text)) && TryXml(request, body)),
            (byte)'-' => TryMultipart(request, body),
            _ => Guess.Nothing,
        };
    }

    private static Guess Of(bool isRead) => isRead ? Guess.Document : Guess.Stopped;

    /// <summary>
    /// Many readers take more than JSON: single quotes, names without any, comments. What ours stopped at is shown as
    /// text.
    /// </summary>
    public static bool TryJson(CanonicalRequest request, Slice body)
    {
        var facts = request.Facts;
        if (JsonBodyReader.TryRead(request, body, out var position) is null) return true;
        request.Facts = facts;
        ShowRest(request, "json.unparsed"u8, body.From(position));
        return false;
    }

    /// <summary>Comments before a document, as readers of configuration take them: of lines, of a block.</summary>
    public static ReadOnlySpan<byte> SkipComments(ReadOnlySpan<byte> text)
    {
        while (text is [(byte)'/' or (byte)'#', _, ..])
        {
            var isBlock = text.StartsWith("/*"u8);
            if (!isBlock && text[0] != '#' && !text.StartsWith("//"u8)) break;
            var end = isBlock ? text.IndexOf("*/"u8) : text.IndexOf((byte)'\n');
            if (end < 0) break;
            text = text[(end + (isBlock ? 2 : 1))..].TrimStart(Blanks);
        }

        return text;
    }

    /// <summary>Reads XML; what stands behind an error is shown as text.</summary>
    /// <param name="request">Where it is added.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="refuses">A document type that declares more than well-known ones is an error of the body.</param>
    public static bool TryXml(CanonicalRequest request, Slice body, bool refuses = true)
    {
        var facts = request.Facts;
        var error = XmlBodyReader.TryRead(request, body, out var position);
        if (error is null) return true;
        if (refuses && XmlBodyReader.IsRefusal(error)) request.Fail(BodyError.Xml, error);
        else request.Facts = facts;
        ShowRest(request, "xml.unparsed"u8, body.From(position));
        return false;
    }

    /// <summary>
    /// Other formats may begin as a document does, so what is shown of bytes that nobody declared to be text has no
    /// control characters: of binary content nothing but longer texts. Of a form too, whose pairs hold only pieces.
    /// </summary>
    private static void ShowRest(CanonicalRequest request, ReadOnlySpan<byte> name, Slice rest)
    {
        if (rest.IsEmpty) return;
        if (FileContent.IsBinary(request[rest]) ? TextRuns.TryKeep(request, rest, out rest)
            : TextRuns.TryBlank(request, rest, out rest)) Unparsed.Add(request, name, rest);
    }

    public static bool TryForm(CanonicalRequest request, Slice body)
    {
        var bytes = request[body];
        var equals = bytes.IndexOf((byte)'=');
        if (equals <= 0 || bytes.TrimEnd("\r\n"u8).ContainsAnyExcept(FormBytes)) return false;
        UrlEncodedReader.Read(request, body, ArgumentSource.Form);
        // In one line of another language, which splits as a form does.
        return !TextEscapes.HoldsOwn(request[body]);
    }

    /// <summary>The first line is a boundary, the second looks like a part's header.</summary>
    private static Guess TryMultipart(CanonicalRequest request, Slice body)
    {
        var bytes = request[body];
        var start = bytes.IndexOf("--"u8);
        if (start < 0) return Guess.Nothing;
        // Empty lines may stand in front.
        var end = start + bytes[start..].IndexOf((byte)'\n');
        if (end < start + 3 || end - start > BoundaryBytesMax) return Guess.Nothing;
        var boundary = bytes[(start + 2)..end].TrimEnd((byte)'\r');
        if (boundary.IsEmpty || boundary.IndexOfAnyExceptInRange((byte)'!', (byte)'~') >= 0)
            return Guess.Nothing;
        if (bytes[(end + 1)..Math.Min(bytes.Length, end + 100)].IndexOf((byte)':') <= 0) return Guess.Nothing;
        var facts = request.Facts;
        // From the first boundary on: a byte order mark in front would make its line one of no boundary.
        var error = MultipartReader.ReadParts(
            request, body.Sub(start, body.Length - start), body.Sub(start + 2, boundary.Length), isForm: true,
            depth: 0, out _);
        request.Facts = facts;
        return error is null ? Guess.Parts : Guess.Stopped;
    }

    private static bool IsHtml(ReadOnlySpan<byte> text) =>
        StartsWithWord(text, "<!doctype html"u8) || StartsWithWord(text, "<html"u8);

    /// <summary>
    /// The root of a document is its author's to name: entities and foreign addresses make a page XML to whoever asks
    /// a reader of XML.
    /// </summary>
    private static bool DeclaresMore(ReadOnlySpan<byte> text) => text[1] == '!' && XmlDoctype.Read(text).IsRisky;

    /// <summary>The name ends there: <c>htmlx</c> is an element of somebody's own.</summary>
    private static bool StartsWithWord(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower) =>
        value.Length > lower.Length && HeadReader.EqualsIgnoreCase(value[..lower.Length], lower)
        && " \t\r\n>/"u8.Contains(value[lower.Length]);
}
