using System.Globalization;
using System.Text;
using WafOperator.Benchmarks.Detection;

namespace WafOperator.Evasion.Targets;

/// <summary>Where a payload travels.</summary>
internal enum Carrier
{
    Query,
    Form,
    Json,
    Multipart,
    Cookie,
    Header,
    Path,
    Xml,
}

/// <summary>
/// A request that carries a payload: where, how deep, and what stands in other fields before and behind it.
/// </summary>
/// <param name="Payload">The payload as the application reads it.</param>
/// <param name="Carrier">Where it travels.</param>
/// <param name="Name">Name of its field.</param>
/// <param name="Before">Harmless fields before it.</param>
/// <param name="Behind">Harmless fields behind it.</param>
/// <param name="Depth">Objects around it, of JSON and XML.</param>
/// <param name="Escapes">
/// Share of the payload's characters, in percent, that are escaped as the carrier allows though they need not.
/// </param>
internal sealed record Carried(
    string Payload, Carrier Carrier, string Name = "q", int Before = 0, int Behind = 0, int Depth = 0, int Escapes = 0)
{
    private const string Boundary = "----f1e2d3";

    public LabelledRequest ToRequest()
    {
        var headers = new List<(byte[], byte[])>
        {
            Header("Host", "shop.example"), Header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"),
            Header("Accept", "*/*"),
        };
        var (uri, body, type) = ("/items", "", "");
        switch (Carrier)
        {
            case Carrier.Query: uri = "/items?" + Pairs("&"); break;
            case Carrier.Path: uri = "/items/" + Escaped(Payload).Replace("%2F", "/", StringComparison.Ordinal); break;
            case Carrier.Form: (body, type) = (Pairs("&"), "application/x-www-form-urlencoded"); break;
            case Carrier.Json: (body, type) = (Json(), "application/json"); break;
            case Carrier.Multipart: (body, type) = (Multipart(), "multipart/form-data; boundary=" + Boundary); break;
            case Carrier.Xml: (body, type) = (Xml(), "application/xml"); break;
            case Carrier.Cookie: headers.Add(Header("Cookie", Pairs("; "))); break;
            default: headers.Add(Header("X-" + Name, Line(Payload))); break;
        }

        if (type.Length > 0) headers.Add(Header("Content-Type", type));
        return new LabelledRequest(
            Encoding.ASCII.GetBytes(type.Length > 0 ? "POST" : "GET"), Encoding.UTF8.GetBytes(uri), headers,
            Encoding.UTF8.GetBytes(body), true, "", "evasion");
    }

    private static (byte[], byte[]) Header(string name, string value) =>
        (Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    private static string Line(string text) => text.ReplaceLineEndings(" ").Replace('\0', ' ');

    /// <summary>Percent escapes, of some characters that need none as well; deterministic.</summary>
    private string Escaped(string value)
    {
        var text = new StringBuilder();
        var at = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            var isPlain = rune.IsAscii && char.IsAsciiLetterOrDigit((char)rune.Value);
            if (!isPlain) text.Append(Uri.EscapeDataString(rune.ToString()));
            else if (IsChosen(at)) text.Append(CultureInfo.InvariantCulture, $"%{rune.Value:x2}");
            else text.Append(rune.ToString());
            at++;
        }

        return text.ToString();
    }

    private bool IsChosen(int at) => (at * 37 % 100) < Escapes;

    private string Pairs(string separator) => string.Join(
        separator, Filler(0, Before).Append($"{Name}={Escaped(Payload)}").Concat(Filler(Before, Behind)));

    private static IEnumerable<string> Filler(int from, int count) =>
        Enumerable.Range(from, count).Select(i => $"f{i}=ordinary{i % 10}");

    private string Json()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Depth; i++) text.Append("{\"data\":");
        text.Append('{');
        for (var i = 0; i < Before; i++) text.Append(CultureInfo.InvariantCulture, $"\"f{i}\":\"ordinary text {i}\",");
        text.Append('"').Append(Name).Append("\":\"");
        var at = 0;
        foreach (var c in Payload)
        {
            if (c is '"' or '\\' or < ' ' || IsChosen(at)) text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else text.Append(c);
            at++;
        }

        text.Append('"');
        for (var i = 0; i < Behind; i++) text.Append(CultureInfo.InvariantCulture, $",\"g{i}\":\"ordinary text {i}\"");
        return text.Append('}', Depth + 1).ToString();
    }

    private string Multipart()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Before + 1 + Behind; i++)
        {
            var (name, value) = i == Before ? (Name, Payload) : ($"f{i}", $"ordinary text {i}");
            text.Append("--").Append(Boundary).Append("\r\nContent-Disposition: form-data; name=\"").Append(name)
                .Append("\"\r\n\r\n").Append(value).Append("\r\n");
        }

        return text.Append("--").Append(Boundary).Append("--\r\n").ToString();
    }

    private string Xml()
    {
        var text = new StringBuilder();
        foreach (var c in Payload)
        {
            if (c is '<' or '>' or '&' or '"' || IsChosen(text.Length))
                text.Append(CultureInfo.InvariantCulture, $"&#{(int)c};");
            else if (c >= ' ' || c is '\t' or '\n') text.Append(c);
        }

        var open = string.Concat(Enumerable.Repeat("<d>", Depth));
        var close = string.Concat(Enumerable.Repeat("</d>", Depth));
        return $"<r>{open}<{Name}>{text}</{Name}>{close}</r>";
    }
}
