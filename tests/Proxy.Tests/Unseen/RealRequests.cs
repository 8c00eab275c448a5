using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>A request as a real client wrote it, with the attack somewhere in it.</summary>
/// <param name="Name">Whose, and where.</param>
/// <param name="Bytes">What goes over the wire.</param>
/// <param name="Carried">The attack as it stands there.</param>
internal sealed record RealRequest(string Name, byte[] Bytes, string Carried);

/// <summary>
/// Requests of well-known applications (those of <c>BenignRequestsTests</c>), changed at one place of the syntax that
/// is there: a value of the query, a header, a cookie, a text or name of the body.
/// </summary>
internal static partial class RealRequests
{
    /// <summary>Fields that say how the request is read, and not what it is about.</summary>
    private static readonly string[] Framing =
    [
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Connection", "Upgrade",
        "Expect", "TE", "Trailer", "Cookie", "HTTP2-Settings", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
        "Sec-WebSocket-Extensions",
    ];

    private static readonly Lazy<IReadOnlyList<(string Name, string Text)>> All = new(Read);

    /// <summary>One of them with the attack in it.</summary>
    /// <param name="random">Chooses request, place and encoding.</param>
    /// <param name="segment">Path segment by which the request is known.</param>
    /// <param name="value">The attack.</param>
    public static RealRequest Any(Random random, string segment, string value)
    {
        var (name, text) = All.Value[random.Next(All.Value.Count)];
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = text[..end].Split("\r\n").ToList();
        var body = text[(end + 4)..];
        var target = lines[0].IndexOf(' ', StringComparison.Ordinal) + 1;
        // Behind an origin, where the target has one.
        var path = lines[0].IndexOf("://", target, StringComparison.Ordinal) is > 0 and var origin
            ? lines[0].IndexOf('/', origin + 3) : target;
        lines[0] = lines[0].Insert(path, $"/{segment}");
        var isPlain = body.Length > 0 && !lines.Any(line =>
            line.StartsWith("Content-Encoding:", StringComparison.OrdinalIgnoreCase)
            || line.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase));
        var (place, carried) = isPlain && random.Next(3) != 0
            ? InBody(random, lines, ref body, value)
            : InHead(random, lines, value);
        var length = Encoding.Latin1.GetByteCount(body).ToString(CultureInfo.InvariantCulture);
        for (var i = 1; i < lines.Count; i++)
        {
            if (lines[i].StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                lines[i] = $"Content-Length: {length}";
        }

        if (!lines.Any(line => line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)))
            lines.Add("Connection: close");
        return new RealRequest(
            $"{name}, {place}", Encoding.Latin1.GetBytes($"{string.Join("\r\n", lines)}\r\n\r\n{body}"), carried);
    }

    private static (string Place, string Carried) InHead(Random random, List<string> lines, string value)
    {
        var cookie = lines.FindIndex(line => line.StartsWith("Cookie:", StringComparison.OrdinalIgnoreCase));
        switch (random.Next(3))
        {
            case 0:
                var encoded = Encodings.Percent(random, value);
                var end = lines[0].LastIndexOf(' ');
                var hasQuery = lines[0].Contains('?', StringComparison.Ordinal);
                lines[0] = lines[0].Insert(end, $"{(hasQuery ? "&" : "?")}q={encoded}");
                return ("query", encoded);
            case 1 when cookie > 0:
                lines[cookie] += value;
                return ("last cookie", value);
            default:
                var own = Enumerable.Range(1, lines.Count - 1).Where(i => !Framing.Any(name =>
                    lines[i].StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))).ToList();
                if (own.Count == 0)
                {
                    lines.Add($"Referer: {value}");
                    return ("Referer", value);
                }

                var at = own[random.Next(own.Count)];
                lines[at] += value;
                return ($"header {lines[at].Split(':')[0]}", value);
        }
    }

    private static (string Place, string Carried) InBody(
        Random random, List<string> lines, ref string body, string value)
    {
        var type = lines.Find(line => line.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase)) ?? "";
        var (places, encoded) = type switch
        {
            _ when type.Contains("json", StringComparison.OrdinalIgnoreCase) =>
                (JsonText().Matches(body).Select(m => m.Index + m.Length - 1), Encodings.Json(random, value)),
            _ when type.Contains("urlencoded", StringComparison.OrdinalIgnoreCase) =>
                (FormValue().Matches(body).Select(m => m.Index + m.Length), Encodings.Percent(random, value)),
            _ when type.Contains("xml", StringComparison.OrdinalIgnoreCase) && XmlText().IsMatch(body) =>
                (XmlText().Matches(body).Select(m => m.Index + 1), Encodings.Xml(random, value)),
            // Names are no values to rules, as the tests of the Core Rule Set have it; attributes are.
            _ when type.Contains("xml", StringComparison.OrdinalIgnoreCase) =>
                (XmlAttribute().Matches(body).Select(m => m.Index + m.Length), Encodings.Xml(random, value)),
            _ when type.Contains("multipart/", StringComparison.OrdinalIgnoreCase) =>
                (PartText().Matches(body).Select(m => m.Index + m.Length), value),
            _ => ([], value),
        };
        var all = places.ToList();
        // Where there is no text, nobody undoes what it would be written in.
        if (all.Count == 0) encoded = value;
        var at = all.Count > 0 ? all[random.Next(all.Count)] : random.Next(body.Length + 1);
        body = body.Insert(at, encoded);
        return ($"body at {at}, {type}", encoded);
    }

    private static List<(string, string)> Read()
    {
        var found = new List<(string, string)>();
        var file = Path.Combine(AppContext.BaseDirectory, "Enforcement/Requests/benign.jsonl");
        foreach (var line in File.ReadLines(file))
        {
            using var record = JsonDocument.Parse(line);
            var text = record.RootElement.GetProperty("request").GetString()!;
            // A character for each byte, as everywhere here.
            found.Add((record.RootElement.GetProperty("name").GetString()!,
                text.Any(letter => letter > 0xff) ? Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)) : text));
        }

        return found;
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"
        """, RegexOptions.Singleline)]
    private static partial Regex JsonText();

    [GeneratedRegex("=[^&]*")]
    private static partial Regex FormValue();

    [GeneratedRegex(">[^<]*[^<\\s][^<]*<")]
    private static partial Regex XmlText();

    /// <summary>Not of the declaration, in which nobody undoes references.</summary>
    [GeneratedRegex("(?<!<\\?xml[^>]*)=\"")]
    private static partial Regex XmlAttribute();

    [GeneratedRegex("\r\n\r\n")]
    private static partial Regex PartText();
}
