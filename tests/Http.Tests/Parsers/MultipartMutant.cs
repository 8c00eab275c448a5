using System.Text;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>
/// Multipart bodies as clients and attackers write them: a grammar whose every piece is now and then written in
/// another way. A seed gives the same body each time.
/// </summary>
internal sealed class MultipartMutant
{
    private const int MutationsMax = 3;

    /// <summary>One of so many pieces is written in another way than most clients do.</summary>
    private const int OddOneIn = 12;

    private readonly Random _random;

    private MultipartMutant(int seed) => _random = new Random(seed);

    public string ContentType { get; private init; } = "";

    public byte[] Body { get; private init; } = [];

    public static MultipartMutant Of(int seed)
    {
        var maker = new MultipartMutant(seed);
        var text = maker.Write(out var type);
        for (var i = Math.Max(0, maker._random.Next(-2, MutationsMax)); i > 0; i--) text = maker.Mutate(text);
        return new MultipartMutant(seed) { ContentType = type, Body = Encoding.Latin1.GetBytes(text) };
    }

    public override string ToString()
    {
        var text = Encoding.Latin1.GetString(Body).Replace("\r", "\\r").Replace("\n", "\\n\n").Replace("\0", "\\0");
        return $"{ContentType}\n{text}";
    }

    private string Write(out string type)
    {
        var boundary = Odd("real", "b", "----WebKitFormBoundaryAbC", "=_Part_1.2", "boundary", "a'b", "a b", "x/y");
        type = Odd("multipart/form-data", "Multipart/Form-Data")
            + Odd("; ", ";", "; charset=utf-8; ", ";charset=\"utf-8\";", "; x=\"boundary=fake\"; ", " ;", " ", "; a; ")
            + Odd("boundary", "Boundary", "boundary*", "boundary*0") + Odd("=", " =", "= ")
            + Odd(boundary, $"\"{boundary}\"")
            + Odd("", ";charset=UTF-8", "; boundary=fake", ", boundary=fake", " ", ";", " ; a=b", "\"");
        var end = Odd("\r\n", "\n");
        var text = new StringBuilder(Odd("", "preamble" + end, end, "preamble", $"x--{boundary}{end}"));
        for (var parts = 1 + _random.Next(3); parts > 0; parts--)
        {
            text.Append("--").Append(boundary).Append(Odd("", " ", "x", "\t")).Append(end);
            text.Append(Head(end)).Append(end).Append(Data(end, boundary)).Append(end);
        }

        return text.Append("--").Append(boundary).Append(Odd("--", "-", "", "-- "))
            .Append(Odd(end, "", end + end, end + "epilogue", $"{end}--{boundary}{end}")).ToString();
    }

    private string Head(string end)
    {
        var name = Odd("Content-Disposition", "content-disposition", "Content-Disposition ", "Content_Disposition");
        var disposition = $"{name}: {Odd("form-data", "Form-Data", "attachment", "form-data ", "")}"
            + Odd("; ", ";", $";{end} ", " ; ", $";{end}\t") + Odd("name", "NAME", "name*", "name ")
            + Odd("=\"f1\"", "=f2", "='f3'", "=\"f\\\"4\"", "=\"f5\\\\\"", "=\"\"", "=utf-8''f6", "=\"f;7\"", "=O'N")
            + Pick("", "", "; filename=\"a.txt\"", Odd("; filename=b.txt", "; filename=\"\"", "; filename='c.txt'",
                "; filename*=utf-8''d.txt", "; filename=\"e.txt\"; filename*=utf-8''e.txt", "; name=f8", "; filename=",
                "; filename=\"x.txt\"; filename*=utf-8''y.txt", "; size=3", "; filename=\"O'Neil.txt\"", ";",
                "; filename=\"a\\\";b.txt\"", "; filename*0=g; filename*1=h"));
        string[] others =
        [
            "Content-Type: text/plain", "Content-Type: application/json", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit", "X-A: b", "Content-Length: 2",
        ];
        string[] odd =
        [
            "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "X-A:", "X:\ty",
            "no colon", "Content-Disposition: form-data; name=f9", "X-A: \u0001", " folded",
        ];
        var lines = new List<string> { disposition };
        for (var more = _random.Next(3); more > 0; more--)
            lines.Insert(_random.Next(lines.Count + 1), Pick(others[_random.Next(others.Length)], Odd("X-B: c", odd)));
        return string.Concat(lines.Select(line => line + end));
    }

    private string Data(string end, string boundary) => Pick(
        "v1", "' OR 1=1", "{\"a\":\"b\"}", Odd("two\r\nlines", "", "two\nlines", "\r\n", "--", "-----", "dmFsdWU=",
            "a=\r\n=41\r\n", "\u0000\u0001", $"x--{boundary}", $"x\r--{boundary}\r",
            $"x\n--{boundary}\nContent-Disposition: form-data; name=f0\n\nv", $"--{boundary}x", $"{end}-- {boundary}",
            "Content-Disposition: form-data; name=g\r\n\r\nv", new string('v', 3000)));

    /// <summary>A byte is put in, changed or taken out, or a piece moves.</summary>
    private string Mutate(string text)
    {
        var at = _random.Next(text.Length);
        var value = Pick("\r", "\n", "\r\n", "\0", "\"", "'", ";", "=", ":", " ", "\t", "-", "\\", "\v", "\u00e9",
            "%22");
        return _random.Next(4) switch
        {
            0 => text.Insert(at, value),
            1 => string.Concat(text.AsSpan(0, at), value, text.AsSpan(at + 1)),
            2 => text.Remove(at, Math.Min(1 + _random.Next(3), text.Length - at)),
            _ => text + text[at..],
        };
    }

    /// <summary>Mostly the first way.</summary>
    private string Odd(string ordinary, params string[] ways) =>
        _random.Next(OddOneIn) == 0 ? ways[_random.Next(ways.Length)] : ordinary;

    private string Pick(params string[] ways) => ways[_random.Next(ways.Length)];
}
