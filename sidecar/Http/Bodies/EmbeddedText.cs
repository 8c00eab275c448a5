using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Shows values a second time with the escapes undone that a program undoes after the request was read: JSON in a
/// parameter, in a cookie, in a field, in a string of JSON; and what literals a GraphQL document in a parameter has.
/// The name stays, so that an exclusion for the value holds for both.
/// </summary>
internal static class EmbeddedText
{
    /// <summary>JSON in a string of JSON in a string of JSON.</summary>
    private const int RoundsMax = 3;

    /// <summary>A document of XML in a value begins within so many bytes: whatever stands before it.</summary>
    private const int StartBytesMax = 1024;

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>Looks at all arguments from an index on.</summary>
    public static void Show(CanonicalRequest request, int first)
    {
        var count = request.Arguments.Length;
        for (var i = first; i < count; i++)
        {
            var argument = request.Arguments[i];
            if (argument.Source is not ArgumentSource.Json && request[argument.Name].SequenceEqual("query"u8))
                GraphQlReader.ReadEmbedded(request, argument.Value);
            ShowUnescaped(request, argument, argument.Value);
            ShowReferences(request, argument);
            // A document in the place of a query or form is a name, up to the first sign of equality.
            if (argument.Source is ArgumentSource.Query or ArgumentSource.Form)
                ShowUnescaped(request, argument, argument.Name);
        }
    }

    /// <summary>XML in a value, whose numeric references a reader of XML undoes.</summary>
    private static void ShowReferences(CanonicalRequest request, in Argument argument)
    {
        var text = request[argument.Value];
        // Behind blanks or a mark of byte order a document begins as well, for readers that are lenient.
        if (text.IndexOf("&#"u8) < 0 || text[..Math.Min(text.Length, StartBytesMax)].IndexOf((byte)'<') < 0) return;
        if (!request.Arena.TryReserve(text.Length)) { request.NoMemory(); return; }
        var shown = request.Arena.Commit(XmlText.Decode(request[argument.Value], request.Arena.Tail));
        request.AddArgument(
            argument.Name, shown, argument.RawName, argument.RawValue, argument.Source, isAgain: true);
    }

    private static void ShowUnescaped(CanonicalRequest request, in Argument argument, Slice text)
    {
        for (var round = 0; round < RoundsMax && IsEscapedJson(request[text]); round++)
        {
            if (!TryUnescape(request, text, out var shown)) return;
            request.AddArgument(
                argument.Name, shown, argument.RawName, argument.RawValue, argument.Source, isAgain: true);
            text = shown;
        }
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
        var start = value.IndexOfAnyExcept(Blanks);
        if (start < 0) return false;
        return value[start] is (byte)'{' or (byte)'[' or (byte)'"'
            || value.IndexOf("={"u8) >= 0 || value.IndexOf("=["u8) >= 0 || value.IndexOf("=\""u8) >= 0;
    }

    /// <summary>
    /// Four digits behind a backslash and a u: whatever is around them, nobody writes them without need.
    /// </summary>
    private static bool HoldsUnicodeEscape(ReadOnlySpan<byte> value)
    {
        for (var at = 0; value[at..].IndexOf("\\u"u8) is >= 0 and var next; at += next + 2)
        {
            var digits = value[(at + next + 2)..];
            if (digits.Length >= 4 && digits[..4].IndexOfAnyExcept(Digits) < 0) return true;
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
