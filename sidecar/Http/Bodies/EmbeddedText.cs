using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Shows values a second time with the escapes undone that a program undoes after the request was read: JSON and XML in
/// a parameter, in a field, in a string of JSON, in a text of XML; and what literals a GraphQL document in a parameter
/// has. The name stays, so that an exclusion for the value holds for both.
/// </summary>
internal static class EmbeddedText
{
    /// <summary>JSON in a string of JSON in a string of JSON. What is escaped more often is unread.</summary>
    private const int RoundsMax = 3;

    /// <summary>A document of XML in a value begins within so many bytes: whatever stands before it.</summary>
    private const int StartBytesMax = 1024;

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>Where a text is shown again: beside the argument, text or attribute that it stands in.</summary>
    private readonly record struct Place(PlaceKind Kind, Argument Argument, Slice Path);

    private enum PlaceKind
    {
        Argument, XmlText, XmlAttribute,
    }

    /// <summary>Looks at all arguments from an index on.</summary>
    public static void Show(CanonicalRequest request, int first)
    {
        var count = request.Arguments.Length;
        for (var i = first; i < count; i++)
        {
            var argument = request.Arguments[i];
            if (argument.Source is not ArgumentSource.Json && request[argument.Name].SequenceEqual("query"u8))
                GraphQlReader.ReadEmbedded(request, argument.Value);
            ShowUndone(request, new Place(PlaceKind.Argument, argument, default), argument.Value);
            // A document in the place of a query or form is a name, up to the first sign of equality.
            if (argument.Source is ArgumentSource.Query or ArgumentSource.Form)
                ShowUndone(request, new Place(PlaceKind.Argument, argument, default), argument.Name);
        }
    }

    /// <summary>
    /// The same for texts of XML from an index on, and for all of them joined: JSON or XML within them is what programs
    /// are handed (SOAP). Returns all of them joined, with what is shown again behind it, each on a line of its own.
    /// </summary>
    public static Slice ShowTexts(CanonicalRequest request, int first, Slice joined)
    {
        var count = request.XmlTexts.Length;
        if (!request.Arena.TryAppend((byte)'\n')) { request.NoMemory(); return joined; }
        for (var i = first; i < count; i++)
        {
            var text = request.XmlTexts[i];
            ShowUndone(request, new Place(PlaceKind.XmlText, default, text.Path), text.Value);
        }

        // A comment or the end of a section may divide what a program reads as one.
        if (count - first > 1)
            ShowUndone(request, new Place(PlaceKind.XmlText, default, request.XmlTexts[first].Path), joined);
        var all = new Slice(joined.Offset, request.Arena.Length - joined.Offset);
        if (all.Length > joined.Length + 1) return all;
        request.Arena.Truncate(joined.End);
        return joined;
    }

    /// <summary>The same for values of attributes.</summary>
    public static void ShowAttributes(CanonicalRequest request, int first)
    {
        var count = request.XmlAttributes.Length;
        for (var i = first; i < count; i++)
        {
            var attribute = request.XmlAttributes[i];
            ShowUndone(request, new Place(PlaceKind.XmlAttribute, default, attribute.Path), attribute.Value);
        }
    }

    private static void ShowUndone(CanonicalRequest request, in Place place, Slice text)
    {
        if (!request[text].ContainsAny((byte)'\\', (byte)'<')) return;
        ShowReferences(request, place, text);
        ShowUndone(request, place, text, round: 0);
    }

    /// <summary>Each round undoes one layer, in both ways where a text may be either.</summary>
    private static void ShowUndone(CanonicalRequest request, in Place place, Slice text, int round)
    {
        if (IsEscapedJson(request[text]) && TryUnescape(request, text, out var shown))
            ShowNext(request, place, shown, round);
        if (MarkupText.IsLikely(request[text]) && TryPlain(request, text, out shown))
            ShowNext(request, place, shown, round);
    }

    private static void ShowNext(CanonicalRequest request, in Place place, Slice shown, int round)
    {
        if (round == RoundsMax)
        {
            request.Note(UnreadContent.Text, shown.Length);
            return;
        }

        Add(request, place, shown);
        ShowUndone(request, place, shown, round + 1);
    }

    private static void Add(CanonicalRequest request, in Place place, Slice shown)
    {
        switch (place.Kind)
        {
            case PlaceKind.XmlText:
                if (request.Arena.TryAppend((byte)'\n')) request.AddXmlAgain(place.Path, shown, isAttribute: false);
                else request.NoMemory();
                break;
            case PlaceKind.XmlAttribute:
                request.AddXmlAgain(place.Path, shown, isAttribute: true);
                break;
            default:
                var argument = place.Argument;
                request.AddArgument(
                    argument.Name, shown, argument.RawName, argument.RawValue, argument.Source, isAgain: true);
                break;
        }
    }

    /// <summary>XML in a value with its marks, and its numeric references undone.</summary>
    private static void ShowReferences(CanonicalRequest request, in Place place, Slice value)
    {
        var text = request[value];
        // Behind blanks or a mark of byte order a document begins as well, for readers that are lenient.
        if (text.IndexOf("&#"u8) < 0 || text[..Math.Min(text.Length, StartBytesMax)].IndexOf((byte)'<') < 0) return;
        if (!request.Arena.TryReserve(text.Length)) { request.NoMemory(); return; }
        var written = XmlText.Decode(request[value], request.Arena.Tail);
        if (written < value.Length) Add(request, place, request.Arena.Commit(written));
    }

    private static bool TryPlain(CanonicalRequest request, Slice value, out Slice shown)
    {
        shown = default;
        if (!request.Arena.TryReserve(value.Length)) { request.NoMemory(); return false; }
        var written = MarkupText.Plain(request[value], request.Arena.Tail);
        if (written == 0 || written == value.Length) return false;
        shown = request.Arena.Commit(written);
        return true;
    }

    /// <summary>
    /// The same for cookies, which programs write percent-encoded (<c>j:{"a":1}</c> is Express's way).
    /// </summary>
    public static void ShowCookies(CanonicalRequest request)
    {
        var count = request.Cookies.Length;
        for (var i = 0; i < count; i++)
        {
            var cookie = request.Cookies[i];
            if (!request[cookie.Value].ContainsAny((byte)'\\', (byte)'%')) continue;
            if (!TryDecode(request, cookie.Value, out var value)) return;
            if (!IsEscapedCookie(WithoutMarks(request[value])) || !TryUnescape(request, value, out var shown)) continue;
            request.AddCookie(cookie.Name, shown);
        }
    }

    /// <summary>
    /// The same for JSON in header fields (filters, contexts, arguments of an API), and in the path, which becomes an
    /// argument. A quote alone begins no JSON there: browsers name themselves in quotes, with backslashes in them.
    /// </summary>
    public static void ShowHead(CanonicalRequest request)
    {
        var count = request.Headers.Length;
        for (var i = 0; i < count; i++)
        {
            var header = request.Headers[i];
            var value = request[header.Value];
            if (!value.Contains((byte)'\\') || request[header.LowerName].SequenceEqual("cookie"u8)) continue;
            if (value is not [(byte)'{' or (byte)'[', ..] && !HoldsUnicodeEscape(value)) continue;
            if (TryUnescape(request, header.Value, out var shown)) request.AddHeaderAgain(header, shown);
        }

        if (!IsEscapedJson(request[request.Path]) || !TryUnescape(request, request.Path, out var path)) return;
        if (request.Arena.TryAppend("path"u8, out var name))
            request.AddArgument(name, path, name, path, ArgumentSource.Json, isAgain: true);
        else request.NoMemory();
    }

    /// <summary>A quoted cookie has escapes of its own, which were undone before.</summary>
    private static bool IsEscapedCookie(ReadOnlySpan<byte> value) =>
        value is [(byte)'"', ..] ? HoldsUnicodeEscape(value) : IsEscapedJson(value);

    private static bool TryDecode(CanonicalRequest request, Slice value, out Slice decoded)
    {
        decoded = value;
        if (!PercentDecoder.IsEncoded(request[value], plusIsSpace: false)) return true;
        if (!request.Arena.TryReserve(value.Length)) { request.NoMemory(); return false; }
        var anomalies = Anomalies.None;
        decoded = request.Arena.Commit(
            PercentDecoder.Decode(request[value], request.Arena.Tail, plusIsSpace: false, ref anomalies));
        return true;
    }

    /// <summary>A signed cookie of Express begins with <c>s:</c>, one of JSON with <c>j:</c>.</summary>
    private static ReadOnlySpan<byte> WithoutMarks(ReadOnlySpan<byte> value)
    {
        while (value is [(byte)'s' or (byte)'j', (byte)':', ..]) value = value[2..];
        return value;
    }

    /// <summary>
    /// Text that a reader of JSON may be given, or of a form whose field holds it, with something in it that is undone.
    /// </summary>
    private static bool IsEscapedJson(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4 || !value.Contains((byte)'\\')) return false;
        if (HoldsUnicodeEscape(value)) return true;
        if (value.StartsWith("\uFEFF"u8)) value = value[3..];
        var start = value.IndexOfAnyExcept(Blanks);
        if (start < 0) return false;
        return BodyGuess.SkipComments(value[start..]) is [(byte)'{' or (byte)'[' or (byte)'"', ..]
            || value.IndexOf("={"u8) >= 0 || value.IndexOf("=["u8) >= 0 || value.IndexOf("=\""u8) >= 0;
    }

    /// <summary>
    /// Four digits behind a backslash and a u, or some in braces: whatever is around them, nobody writes them without
    /// need.
    /// </summary>
    private static bool HoldsUnicodeEscape(ReadOnlySpan<byte> value)
    {
        for (var at = 0; value[at..].IndexOf("\\u"u8) is >= 0 and var next; at += next + 2)
        {
            var digits = value[(at + next + 2)..];
            if (digits.Length >= 4 && digits[..4].IndexOfAnyExcept(Digits) < 0) return true;
            if (digits.Length >= 3 && digits[0] == '{' && Digits.Contains(digits[1])) return true;
        }

        return false;
    }

    /// <summary>Undoes escapes wherever they stand: how the text is nested does not matter.</summary>
    private static bool TryUnescape(CanonicalRequest request, Slice value, out Slice shown)
    {
        shown = default;
        if (!request.Arena.TryReserve(value.Length))
        {
            request.NoMemory();
            return false;
        }

        var written = JsonText.UnescapeAll(request[value], request.Arena.Tail);
        if (request[value].SequenceEqual(request.Arena.Tail[..written])) return false;
        shown = request.Arena.Commit(written);
        return true;
    }
}
