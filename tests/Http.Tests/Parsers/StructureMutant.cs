using System.Text;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>What a mutant's type says it is.</summary>
internal enum Structure
{
    Json,
    Form,
    Xml,
}

/// <summary>
/// JSON, forms and XML as clients and attackers write them: grammars whose every piece is now and then written in
/// another way, and bytes changed behind that. A seed gives the same body each time.
/// </summary>
internal sealed class StructureMutant
{
    /// <summary>One of so many pieces is written in another way than most clients do.</summary>
    private const int OddOneIn = 14;

    private const int DepthMax = 4;

    private readonly Random _random;

    private StructureMutant(int seed) => _random = new Random(seed);

    public string ContentType { get; private init; } = "";

    public byte[] Body { get; private init; } = [];

    public static StructureMutant Of(Structure structure, int seed)
    {
        var maker = new StructureMutant(seed);
        var (type, text) = structure switch
        {
            Structure.Json => maker.Json(),
            Structure.Form => maker.Form(),
            _ => maker.Xml(),
        };
        var body = maker.Encode(structure, text);
        for (var i = Math.Max(0, maker._random.Next(-3, 2)); i > 0; i--) body = maker.Mutate(body);
        return new StructureMutant(seed) { ContentType = type, Body = body };
    }

    public override string ToString() =>
        $"{ContentType}\n{Encoding.Latin1.GetString(Body).Replace("\r", "\\r").Replace("\0", "\\0")}";

    private (string Type, string Text) Json()
    {
        var type = Odd("application/json", "application/json; charset=utf-8", "application/vnd.api+json", "text/json");
        var text = Odd("", " ", "\n", "/* tea */", "// tea\n", ")]}',\n", "\u001e") + Value(0)
            + Odd("", "\n", " ", ",", "}", "\0", "\n{\"z\":\"second\"}", "{\"z\":\"second\"}", " tea", "\f", "\u00a0");
        return (type, text);
    }

    private string Value(int depth) => _random.Next(depth == 0 ? 2 : depth >= DepthMax ? 3 : 6) switch
    {
        0 when depth == 0 => Container(depth),
        1 when depth == 0 => Container(depth),
        0 or 1 => Text(),
        2 => Odd("1", "-2.5e3", "true", "null", "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x1f", "1e",
            "undefined", "tru", "'single'", "nul", "1_000"),
        _ => Container(depth),
    };

    private string Container(int depth)
    {
        var count = _random.Next(4);
        var isArray = _random.Next(3) == 0;
        var items = Enumerable.Range(0, count)
            .Select(_ => isArray ? Value(depth + 1) : Key() + Odd(":", " : ", "=", "::") + Value(depth + 1));
        var inner = string.Join(Odd(",", ", ", ",\n", ",,", ";", "\f,", ", /* x */"), items) + Odd("", "", ",");
        return isArray ? Odd("[", "[ ") + inner + Odd("]", " ]", "", "}") : Odd("{", "{\n") + inner + Odd("}", "", "]");
    }

    private string Key() => Odd("\"a\"", "\"b.c\"", "\"\"", "\"__proto__\"", "\"\\u0061\"", "unquoted", "'single'",
        "\"a\\u0000b\"", "\"x[y]\"", "\"é\"", "1");

    private string Text() => "\"" + string.Concat(Enumerable.Range(0, 1 + _random.Next(3)).Select(_ =>
        Odd("tea", "\\u0041\\u0042", "\\ud83d\\ude00", "\\ud800", "\\/", "\\n\\t", "é", "\\\"", "' OR 1=1", "\\x41",
            "\\'", "\u0001", "\t", "\\u00zz", "\n", "\\U0041", "\\u{41}", "\\0", "\u2028", "\ud83d\ude00", "<b>")))
        + Odd("\"", "", "'");

    private (string Type, string Text) Form()
    {
        var type = Odd("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
            "Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=\"utf-8\"");
        var fields = Enumerable.Range(0, 1 + _random.Next(4)).Select(_ =>
            Odd("a", "a[b]", "a[]", "a.b", "a[b", "%61", "", "a%00b", "a+b", " a", "é", "%C3%A9", "a%5Bb%5D",
                "__proto__")
            + Odd("=", "==", "", "%3D", " = ") + Odd("tea", "%27+or+1%3D1", "%u0041", "%zz", "%", "%4", "a=b", "é",
                "%C3%A9", "%ff", "%00x", "+", "x;y", "x;b=y", "%2", "a&amp;b=c", "%2541", "\r\n", "\"x\"", "?y", "#z"));
        return (type, Odd("", "&", "?", "{\"a\":\"") + string.Join(Odd("&", "&&", ";", "&amp;", "& "), fields)
            + Odd("", "&", "\r\n", "\0", "\"}"));
    }

    private (string Type, string Text) Xml()
    {
        var type = Odd("application/xml", "text/xml", "text/xml; charset=utf-8", "image/svg+xml",
            "application/soap+xml");
        var head = Odd("<?xml version=\"1.0\"?>", "", "<?xml version='1.0' encoding='utf-8'?>",
            "<?xml version=\"1.1\"?>", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>",
            "<?xml version=\"1.0\" standalone=\"yes\"?>\n", "<!-- first -->", " <?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\" encoding=\"utf-7\"?>");
        var doctype = Odd("", "", "<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY e \"inner\">]>",
            "<!DOCTYPE a [<!ELEMENT a ANY>]>", "<!DOCTYPE a [<!ATTLIST a d CDATA \"given\">]>", "<!doctype a>");
        return (type, head + doctype + Element(0) + Odd("", "\n", "<!-- last -->", "tea", "<b/>", "\0", "<?pi?>"));
    }

    private string Element(int depth)
    {
        var name = Odd("a", "b", "n:c", "d.e", "é", "xml", "1f", "a b");
        var attributes = string.Concat(Enumerable.Range(0, _random.Next(3)).Select(i =>
            Odd(" ", "\n", "", "  ") + Odd($"k{i}", "k", "xml:lang", "xmlns:n", "n:k", "on-load") + Odd("=", " = ", "")
            + Odd("\"v\"", "'v\"w'", "\"&lt;x&gt;\"", "\"&#65;&#x42;\"", "\"two\nlines\"", "\"&e;\"", "v", "\"<\"",
                "\"&#0;\"", "\"&quot;&apos;\"", "\"a&b\"", "\"\"", "\"&#10;\"")));
        if (_random.Next(5) == 0) return $"<{name}{attributes}{Odd("/>", " />", "/ >")}";
        var content = string.Concat(Enumerable.Range(0, _random.Next(4)).Select(_ => Content(depth)));
        return $"<{name}{attributes}{Odd(">", " >", "")}{content}</{Odd(name, name + " ", "x", "")}>";
    }

    private string Content(int depth) => _random.Next(depth < DepthMax ? 4 : 3) switch
    {
        0 or 1 => Odd("tea", "' OR 1=1", "&lt;script&gt;", "&#60;b&#x3e;", "&amp;amp;", "]]>", "&e;", "&nbsp;", "a&b",
            "é", "\r\nx", "&#x1F600;", "&#x0000000000000041;", "&#00000000000000066;", "&#xD800;", "&#0;", "<",
            "\u0001", "&lt", "%27"),
        2 => Odd("<![CDATA[x<y&z]]>", "<!-- tea -->", "<?php echo 1 ?>", "<![CDATA[]]>",
            "<![CDATA[a]]]]><![CDATA[>b]]>",
            "<!-- a -- b -->", "<![cdata[x]]>", "<!---->", "<?xml version=\"1.0\"?>", "<![CDATA[tea"),
        _ => Element(depth + 1),
    };

    /// <summary>Now and then with a mark, or in another encoding than the text says.</summary>
    private byte[] Encode(Structure structure, string text) => _random.Next(40) switch
    {
        0 => [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(text)],
        1 when structure != Structure.Form => [0xff, 0xfe, .. Encoding.Unicode.GetBytes(text)],
        2 when structure != Structure.Form => Encoding.BigEndianUnicode.GetBytes(text),
        3 when structure != Structure.Form => [0xff, 0xfe, 0, 0, .. Encoding.UTF32.GetBytes(text)],
        4 => Encoding.Latin1.GetBytes(text),
        _ => Encoding.UTF8.GetBytes(text),
    };

    private byte[] Mutate(byte[] body)
    {
        var at = _random.Next(body.Length);
        string[] pieces =
            ["\"", "'", "\\", "{", "}", "[", ",", ":", "&", "=", "%", ";", "<", ">", "/", "!", "\0", "\n"];
        var piece = Encoding.Latin1.GetBytes(pieces[_random.Next(pieces.Length)]);
        return _random.Next(3) switch
        {
            0 => [.. body[..at], .. piece, .. body[at..]],
            1 => [.. body[..at], .. piece, .. body[(at + 1)..]],
            _ => [.. body[..at], .. body[Math.Min(body.Length, at + 1 + _random.Next(3))..]],
        };
    }

    /// <summary>Mostly the first way.</summary>
    private string Odd(string ordinary, params string[] ways) =>
        _random.Next(OddOneIn) == 0 ? ways[_random.Next(ways.Length)] : ordinary;
}
