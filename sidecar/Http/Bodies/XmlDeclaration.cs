using System.Buffers;

namespace WafOperator.Http.Bodies;

/// <summary>
/// The declaration that XML may begin with (XML 1.0 section 2.8): what it says of the encoding. Pure.
/// </summary>
internal static class XmlDeclaration
{
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<?=\"'._:- \t\r\n"u8);

    /// <summary>True for a declaration that has no room for anything but its three members.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> markup) =>
        markup.Length > 6 && markup.StartsWith("<?xml"u8) && " \t\r\n"u8.Contains(markup[5])
        && !markup[..^1].ContainsAnyExcept(PlainBytes);

    /// <summary>The name of the encoding as a slice of the document; empty without any.</summary>
    public static Slice Encoding(CanonicalRequest request, Slice document)
    {
        var text = request[document];
        var start = text.StartsWith("\uFEFF"u8) ? 3 : 0;
        if (!text[start..].StartsWith("<?xml"u8)) return Slice.Empty;
        var end = text[start..].IndexOf("?>"u8);
        if (end < 0) return Slice.Empty;
        var declaration = text.Slice(start, end);
        var at = declaration.IndexOf("encoding"u8);
        if (at < 0) return Slice.Empty;
        at += "encoding"u8.Length;
        while (at < declaration.Length && " \t\r\n="u8.Contains(declaration[at])) at++;
        if (at >= declaration.Length || declaration[at] is not ((byte)'"' or (byte)'\'')) return Slice.Empty;
        var length = declaration[(at + 1)..].IndexOf(declaration[at]);
        return length < 0 ? Slice.Empty : document.Sub(start + at + 1, length);
    }
}
