using System.Globalization;
using System.Text;
using WafOperator.Http;

namespace WafOperator.Engine.Tests.Hostile;

/// <summary>A request made to cost as much as it can.</summary>
/// <param name="Name">What it does, as a sentence.</param>
/// <param name="Target">Path and query.</param>
/// <param name="ContentType">Of the body; empty without one.</param>
/// <param name="Body">The body's bytes.</param>
/// <param name="Headers">Further headers.</param>
internal sealed record HostileRequest(
    string Name, string Target, string ContentType, byte[] Body, (string Name, string Value)[] Headers);

/// <summary>
/// Requests that make rule engines slow: long values full of what rules look for, many small ones, deep nesting, loops
/// of patterns turned to the end, escapes in escapes, names that collide.
/// </summary>
/// <param name="bodyBytes">How long bodies are.</param>
internal sealed class HostileRequests(int bodyBytes)
{
    /// <summary>The most that rules are given outside of files.</summary>
    public const int BodyBytesMax = 1 << 20;

    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";

    /// <summary>As many arguments as are taken: 4000 of 1 MB.</summary>
    private int ManyCount => bodyBytes / 262;

    /// <summary>Texts that are repeated until a value is full; each starts something a rule then looks for.</summary>
    private static readonly (string Name, string Text)[] Fillers =
    [
        ("letters", "a"),
        ("spaces", " "),
        ("quotes", "'\""),
        ("tags", "<a "),
        ("open scripts", "<script "),
        ("SQL words", "union select sleep( or 1=1 -- "),
        ("SQL operators", "'='"),
        ("SQL comments", "/*!*/"),
        ("parent folders", "../"),
        ("shell", ";cat /etc/passwd|sh `id` $(id) "),
        ("PHP", "<?php system(base64_decode( $_GET[ "),
        ("templates", "${{#{<%="),
        ("lookups", "${${lower:j}ndi:"),
        ("entities", "&#x3c;&lt;&#60;"),
        ("script words", "javascript:alert(document.cookie)onerror= "),
        ("escapes", "\\u003c\\x3c\\74"),
        ("open comments", "<!--"),
        ("open attributes", "<a b='c\" "),
        ("open declarations", "<![CDATA[<?"),
        ("half links", "](\t"),
        ("dollar quotes", "$a$b$$c$"),
        ("hints", "/*!00000 /*"),
        ("style escapes", "\\41 \\000041"),
        ("nulls", "\0"),
        ("high bytes", "\u00e4\u0080\u00ff"),
        ("dots", "."),
        ("dollars", "$"),
        ("signs", "+"),
        ("open styles", "<style "),
        ("open calls", "sleep(if("),
        ("letters of calls in each quote", "ssssssssssssssssssssssssssss'\"`${"),
        ("ampersands", "&"),
        ("many attacks", "1' union select * from users-- <script>alert(1)</script> ../../etc/passwd ;cat /etc/passwd "),
    ];

    /// <summary>All of them, in a fixed order.</summary>
    public IEnumerable<HostileRequest> All()
    {
        foreach (var (name, text) in Fillers)
        {
            yield return Post($"form, one value of {name}", Form, "v=" + Escape(Fill(text, bodyBytes / 3)));
            yield return Post($"form, many values of {name}", Form, Many(text));
            yield return Post($"JSON, one value of {name}", Json,
                $"{{\"v\":\"{JsonEscape(Fill(text, bodyBytes - 64))}\"}}");
            yield return Post($"XML of {name}", "application/xml",
                $"<r>{XmlEscape(Fill(text, bodyBytes / 4))}</r>");
            yield return Post($"undeclared body of {name}", "text/plain", Fill(text, bodyBytes));
        }

        foreach (var request in Shapes().Concat(Heads())) yield return request;
    }

    private IEnumerable<HostileRequest> Shapes()
    {
        yield return Post("form, escapes of escapes", Form, "v=" + Fill("%25253c", bodyBytes - 2));
        yield return Post("form, many names, each with an attack", Form, string.Join('&',
            Enumerable.Range(0, ManyCount).Select(i => $"{Escape("<script>union select'" + i)}=1")));
        yield return Post("form, names that differ in one letter", Form, string.Join('&',
            Enumerable.Range(0, ManyCount).Select(i => $"{new string('x', 240)}{i}=1")));
        yield return Post("form, names with one hash", Form, string.Join('&',
            CollidingNames().Take(ManyCount).Select(name => $"{name}=1")));
        yield return Post("JSON, many leaves", Json,
            "[" + string.Join(',', Enumerable.Repeat("\"1' or sleep(5)-- <b onclick=x>\"", ManyCount - 1)) + "]");
        yield return Post("JSON, deep names", Json, Deep(60, ManyCount));
        yield return Post("JSON, open brackets", Json, new string('[', bodyBytes));
        yield return Post("JSON, escaped quotes", Json, "{\"v\":\"" + Fill("\\\"", bodyBytes - 64) + "\"}");
        yield return Post("XML, elements", "text/xml", "<r>" + Fill("<a b='1'>x</a>", bodyBytes / 5) + "</r>");
        yield return Post("XML, open elements", "text/xml", Fill("<a>", bodyBytes));
        yield return Post("GraphQL, literals", "application/graphql",
            "{" + Fill("a(b:\"' or 1=1--\") ", bodyBytes / 5) + "}");
        yield return Post("multipart, fields", "multipart/form-data; boundary=b",
            Parts(bodyBytes / 4200, "1' or sleep(5)-- <b>", 4000));
        yield return Post("multipart, header lines", "multipart/form-data; boundary=b",
            Parts(bodyBytes / 4200, "x", 1, Fill("X-A: <script>\r\n", 3800)));
        yield return Post("form, values in another charset", Form + "; charset=utf-16", Many("<'"));
        yield return Post("form, values in an unknown charset", Form + "; charset=none", Many("<'"));
        yield return Post("multipart, half boundaries", "multipart/form-data; boundary=" + new string('b', 60),
            "--" + new string('b', 60) + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
            + Fill("\r\n--" + new string('b', 59), bodyBytes - 200));
    }

    private static IEnumerable<HostileRequest> Heads()
    {
        foreach (var (name, text) in Fillers)
        {
            yield return new($"query of {name}", "/?v=" + Escape(Fill(text, 20_000)), "", [], []);
            yield return new($"200 headers of {name}", "/", "", [], [.. Enumerable.Range(0, 180).Select(i =>
                ($"X-H{i.ToString(CultureInfo.InvariantCulture)}", Fill(text, 300)))]);
            yield return new($"cookies of {name}", "/", "", [], [("Cookie", string.Join("; ",
                Enumerable.Range(0, 190).Select(i => $"c{i}={Fill(text.Replace(';', ','), 250)}")))]);
        }

        yield return new("path of parent folders", "/" + Fill("a/../", 60_000), "", [], []);
        yield return new("path of escaped parent folders", "/" + Fill("%252e%252e%252f", 60_000), "", [], []);
    }

    /// <summary>
    /// Names whose FNV-1a hash (case-folded, 32 bits) is the same, found by pairing two halves: an attacker makes as
    /// many as are wanted.
    /// </summary>
    private static IEnumerable<string> CollidingNames()
    {
        // The state behind a beginning of five letters is h; four letters more take it to 0. Going back from 0 over all
        // ends of four letters gives the states from which they lead there.
        const uint Inverse = 899433627;
        var ends = new Dictionary<uint, int>();
        for (var number = 0; number < Power(4); number++)
        {
            var state = 0u;
            foreach (var letter in Letters(number, 4).Reverse()) state = (state * Inverse) ^ letter;
            ends.TryAdd(state, number);
        }

        for (var number = 0; number < Power(5); number++)
        {
            if (ends.TryGetValue(NameHash.Of(Encoding.ASCII.GetBytes(Letters(number, 5))), out var end))
                yield return Letters(number, 5) + Letters(end, 4);
        }
    }

    private const string Alphabet = "bcdfghjkmnpqrstvwz012345";

    private static int Power(int exponent) => (int)Math.Pow(Alphabet.Length, exponent);

    private static string Letters(int number, int count) => string.Create(count, number, static (letters, rest) =>
    {
        for (var i = 0; i < letters.Length; i++, rest /= Alphabet.Length)
            letters[i] = Alphabet[rest % Alphabet.Length];
    });

    private HostileRequest Post(string name, string type, string body) =>
        new(name, "/", type, Encoding.Latin1.GetBytes(body.Length > bodyBytes ? body[..bodyBytes] : body), []);

    private static string Fill(string text, int length) =>
        string.Concat(Enumerable.Repeat(text, (length / text.Length) + 1))[..length];

    private string Many(string text)
    {
        var value = Escape(Fill(text, ((bodyBytes / ManyCount) - 8) / 3));
        return string.Join('&', Enumerable.Range(0, ManyCount).Select(i => $"a{i}={value}"));
    }

    private static string Deep(int depth, int count) =>
        string.Concat(Enumerable.Range(0, depth).Select(i => $"{{\"{new string('k', 40)}{i}\":"))
        + "[" + string.Join(',', Enumerable.Repeat("\"x' or 1=1\"", count)) + "]" + new string('}', depth);

    private static string Parts(int count, string value, int bytes, string lines = "") => string.Concat(
        Enumerable.Range(0, count).Select(i => $"--b\r\nContent-Disposition: form-data; name=\"a{i}\"\r\n{lines}\r\n"
            + $"{Fill(value, bytes)}\r\n")) + "--b--\r\n";

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length * 2);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c)) escaped.Append(c);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{(int)c:x2}");
        }

        return escaped.ToString();
    }

    private static string JsonEscape(string text) =>
        text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\0", "\\u0000");

    private static string XmlEscape(string text) =>
        text.Replace("&", "&amp;").Replace("<", "&lt;").Replace("\0", "&#x1;");
}
