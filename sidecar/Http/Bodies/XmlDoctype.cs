namespace WafOperator.Http.Bodies;

/// <summary>
/// A document type declaration (XML 1.0 section 2.8). Documents that name the type everybody knows by its public
/// address pass (property lists, SVG, XHTML, cXML). Whatever else it may declare is judged as a whole and not
/// understood: an internal subset can define text that appears nowhere else, an address can name a file.
/// </summary>
internal readonly ref struct XmlDoctype
{
    /// <summary>Why a document is refused that declares more than a well-known type.</summary>
    public const string Refusal = "XML: a document type with entities, or from an address that is not well known.";

    private static ReadOnlySpan<byte> Opening => "<!DOCTYPE"u8;

    /// <summary>Bytes of the declaration; 0 when it does not end.</summary>
    public int Length { get; private init; }

    /// <summary>It has an internal subset, or an address that is not well known.</summary>
    public bool IsRisky { get; private init; }

    /// <summary>It declares entities, or names something outside that is not well known.</summary>
    public bool NamesEntities { get; private init; }

    /// <summary>Reads the declaration at the beginning of the text.</summary>
    public static XmlDoctype Read(ReadOnlySpan<byte> text)
    {
        var subset = -1;
        var isForeign = false;
        for (var i = Opening.Length; i < text.Length; i++)
        {
            var rest = text[i..];
            switch (rest[0])
            {
                case (byte)'"' or (byte)'\'':
                    var close = rest[1..].IndexOf(rest[0]);
                    if (close < 0) return default;
                    if (subset < 0 && !IsIdentifier(text[..i])) isForeign |= !IsWellKnown(rest.Slice(1, close));
                    i += close + 1;
                    break;
                case (byte)'<' when rest.StartsWith("<!--"u8):
                    if (!TrySkip(rest, 4, "-->"u8, ref i)) return default;
                    break;
                case (byte)'<' when rest.StartsWith("<?"u8):
                    if (!TrySkip(rest, 2, "?>"u8, ref i)) return default;
                    break;
                case (byte)'[' when subset < 0:
                    subset = i;
                    break;
                case (byte)'>' when subset < 0 || IsClosed(text[subset..i]):
                    return Of(text[..(i + 1)], subset, isForeign);
            }
        }

        return default;
    }

    private static XmlDoctype Of(ReadOnlySpan<byte> text, int subset, bool isForeign)
    {
        var hasSubset = subset >= 0 && !text[(subset + 1)..^1].Trim(" \t\r\n]"u8).IsEmpty;
        return new XmlDoctype
        {
            Length = text.Length, IsRisky = isForeign || hasSubset,
            NamesEntities = isForeign || hasSubset && text.IndexOf("<!ENTITY"u8) >= 0,
        };
    }

    /// <summary>A '>' ends the declaration when the bracket of the subset was closed just before it.</summary>
    private static bool IsClosed(ReadOnlySpan<byte> subset) => subset.TrimEnd(" \t\r\n"u8).EndsWith("]"u8);

    private static bool TrySkip(ReadOnlySpan<byte> rest, int opening, ReadOnlySpan<byte> closing, ref int i)
    {
        var end = rest[opening..].IndexOf(closing);
        if (end < 0) return false;
        i += opening + end + closing.Length - 1;
        return true;
    }

    /// <summary>True before a public identifier: it is a name, nothing is fetched by it.</summary>
    private static bool IsIdentifier(ReadOnlySpan<byte> before) => before.TrimEnd(" \t\r\n"u8).EndsWith("PUBLIC"u8);

    private static bool IsWellKnown(ReadOnlySpan<byte> literal)
    {
        // What pages of HTML 5 name that are made by tools of XML.
        if (literal.SequenceEqual("about:legacy-compat"u8)) return true;
        var host = literal.StartsWith("http://"u8) ? literal[7..] : literal.StartsWith("https://"u8) ? literal[8..]
            : default;
        var slash = host.IndexOf((byte)'/');
        if (slash <= 0) return false;
        host = host[..slash];
        return HeadReader.EqualsIgnoreCase(host, "www.w3.org"u8) || HeadReader.EqualsIgnoreCase(host, "www.apple.com"u8)
            || HeadReader.EqualsIgnoreCase(host, "xml.cxml.org"u8) || HeadReader.EqualsIgnoreCase(host,
                "java.sun.com"u8)
            || HeadReader.EqualsIgnoreCase(host, "www.oasis-open.org"u8)
            || HeadReader.EqualsIgnoreCase(host, "docbook.org"u8)
            || HeadReader.EqualsIgnoreCase(host, "www.wapforum.org"u8);
    }
}
