using WafOperator.Fuzz.Running;
using WafOperator.Http;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// A body reader: no crash, limits kept, the same result whole and in chunks and in a request that was used before.
/// </summary>
public abstract class HttpBodyTarget : FuzzTarget
{
    private static readonly HttpLimits Small = new()
    {
        ArgumentsMax = 12, ArgumentBytesMax = 40, BodyBytesMax = 1500, BodyNoFilesBytesMax = 400, JsonDepthMax = 6,
        JsonLeavesMax = 10, XmlDepthMax = 5, XmlNodesMax = 12, GraphQlDepthMax = 4, MultipartPartsMax = 4,
        MultipartHeaderBytesMax = 120, FilesMax = 2, FileBytesMax = 30, DecompressedBytesMax = 900, CookiesMax = 3,
    };

    private readonly CanonicalRequest _large = new();
    private readonly CanonicalRequest _small = new(Small);

    protected abstract Pieces Inputs { get; }

    protected abstract string ContentType(Random random);

    protected virtual string? ContentCoding => null;

    public override byte[] Generate(Random random) => Inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var type = ContentType(random);
        var whole = Read(_large, type, input, input.Length);
        Require(whole == Read(_large, type, input, 1 + random.Next(16)), "chunked equals whole");
        Require(whole == Read(_large, type, input, 1 + random.Next(200)), "chunked equals whole, used again");
        CheckLimits(_large);
        Read(_small, type, input, 1 + random.Next(64));
        CheckLimits(_small);
    }

    private string Read(CanonicalRequest request, string type, byte[] input, int chunk)
    {
        request.Reset();
        request.Begin("POST", "/a?b=c", "HTTP/1.1");
        request.AddHeader("Host", "h");
        request.AddHeader("Content-Type", type);
        if (ContentCoding is { } coding) request.AddHeader("Content-Encoding", coding);
        request.EndHeaders();
        for (var i = 0; i < input.Length; i += chunk) request.AppendBody(input.AsSpan(i, Math.Min(chunk,
            input.Length - i)));
        request.EndBody();
        return HttpSnapshot.Of(request);
    }

    private static void CheckLimits(CanonicalRequest request)
    {
        var limits = request.Limits;
        // Up to three times as many are shown again in another reading, and the rest of what no reader took apart.
        Require(request.Arguments.Length <= limits.ArgumentsMax * 4 + 16, "ArgumentsMax");
        Require(request.Files.Length <= limits.FilesMax, "FilesMax");
        Require(request.RawBody.Length <= limits.BodyBytesMax, "BodyBytesMax");
        Require(request.XmlTexts.Length + request.XmlAttributes.Length <= limits.XmlNodesMax, "XmlNodesMax");
        foreach (var argument in request.Arguments)
            Require(argument.Name.Length <= limits.ArgumentBytesMax
                && argument.Value.Length <= limits.ArgumentBytesMax, "ArgumentBytesMax");
        foreach (var file in request.Files) Require(file.Content.Length <= limits.FileBytesMax, "FileBytesMax");
    }
}

/// <summary>application/x-www-form-urlencoded.</summary>
public sealed class FormTarget : HttpBodyTarget
{
    private static readonly string[] Types =
    [
        "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded; charset=IBM037", "application/x-www-form-urlencoded;charset=utf-7",
        "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=shift_jis",
    ];

    public override string Name => "http-form";

    protected override Pieces Inputs { get; } = new(
        ["a=1&b=2", "name=J%C3%BCrgen&q=%27+or+1%3D1", "x=%2541&y=%u0041"],
        ["&", "=", "%", "%4", "%41", "%00", "+", "%c0%af", "%ff", "a", "+ADw-", "\u0000", ";"]);

    protected override string ContentType(Random random) => Types[random.Next(Types.Length)];
}

/// <summary>application/json.</summary>
public sealed class JsonTarget : HttpBodyTarget
{
    public override string Name => "http-json";

    protected override Pieces Inputs { get; } = new(
        [
            """{"a":1,"b":["x",{"c":null}],"d":{"e":{"f":true}}}""", """[1,2.5e3,-0,"\u0041\ud83d\ude00\n"]""",
            """{"query":"query($x: Int) { user(id: 5, name: \"a\") { id } }"}""", "\"x\"", "{}", "[]",
        ],
        ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0041", "\\ud800", "null", "true", "1", "-", "e5", ".", " ", "\n",
         "\"k\":", "\"\"", "'", "\u00ef\u00bb\u00bf", "\u0000", "{\"a\":", "[["]);

    protected override string ContentType(Random random) =>
        random.Next(8) == 0 ? "application/x-ndjson" : random.Next(8) == 0 ? "application/json; charset=utf-16le"
            : "application/json";
}

/// <summary>multipart/form-data.</summary>
public sealed class MultipartTarget : HttpBodyTarget
{
    private static readonly string[] Types =
    [
        "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"b\"", "multipart/form-data; boundary=--",
        "multipart/form-data boundary=b", "multipart/form-data; boundary= b", "multipart/form-data",
        "multipart/form-data; boundary=b; boundary=c", "multipart/form-data; boundary="
            + "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ];

    public override string Name => "http-multipart";

    protected override Pieces Inputs { get; } = new(
        [
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; "
            + "name=\"f\"; filename=\"x\"\r\n"
            + "Content-Type: text/plain; charset=utf-16\r\n\r\nabc\r\n--b--\r\n",
            "--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n",
            "x\r\n--b\r\nContent-Disposition: form-data;\r\n name='a'\r\n\r\n1\r\n--b--\r\ny",
        ],
        ["--b", "--b--", "\r\n", "\n", "\r", "--", "-", "Content-Disposition: form-data; name=\"a\"", "; filename=\"",
            "\"", "'",
         "\\", ":", ";", "=", " ", "\t", "\v", "\r\n\r\n", "b", "\u0000", "Content-Type: x", "--c"]);

    protected override string ContentType(Random random) => Types[random.Next(random.Next(2) == 0 ? 2 : Types.Length)];
}

/// <summary>Multipart in multipart, requests and documents in parts, codings of mail.</summary>
public sealed class NestedMultipartTarget : HttpBodyTarget
{
    private static readonly string[] Types =
    [
        "multipart/mixed; boundary=b", "multipart/related; boundary=b; type=\"text/xml\"",
        "multipart/form-data; boundary=b",
    ];

    public override string Name => "http-multipart-nested";

    protected override Pieces Inputs { get; } = new(
        [
            "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/json\r\n\r\n"
            + "{\"a\":1}\r\n--c--\r\n--b--\r\n",
            "--b\r\nContent-Type: application/http\r\n\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\n"
            + "Content-Type: text/xml\r\n\r\n<a>b</a>\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + "dGVh\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name*=utf-8''%61; filename=\"=?utf-8?B?YQ==?=\"\r\n"
            + "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--b--\r\n",
        ],
        ["--b", "--c", "--", "\r\n", "\n", "Content-Type: multipart/mixed; boundary=c",
         "Content-Type: application/http", "Content-Transfer-Encoding: base64", "=", "=3D", "=?utf-8?Q?", "?=",
         "GET / HTTP/1.1", "{", "}", "<a>", ":", ";", "\u0000", "%41", "utf-8''"]);

    protected override string ContentType(Random random) => Types[random.Next(Types.Length)];
}

/// <summary>Bodies whose type nobody says: all guesses.</summary>
public sealed class UndeclaredTarget : HttpBodyTarget
{
    private static readonly string[] Types =
        ["text/plain", "application/octet-stream", "", "application/x-own", "text/plain; charset=utf-7", "image/png"];

    public override string Name => "http-undeclared";

    protected override Pieces Inputs { get; } = new(
        ["{\"a\":1}", "a=1&b=%41", "<a b=\"c\">d</a>", "--b\r\nA: b\r\n\r\nc\r\n--b--\r\n", "tea", "\u001e{\"a\":1}\n"],
        ["{", "\"", "<", ">", "=", "&", "--b", "\r\n", "%", "\u0000", "\u001e", "[", "]", ":", "<!DOCTYPE a>", "tea "]);

    protected override string ContentType(Random random) => Types[random.Next(Types.Length)];
}

/// <summary>application/xml.</summary>
public sealed class XmlTarget : HttpBodyTarget
{
    public override string Name => "http-xml";

    protected override Pieces Inputs { get; } = new(
        [
            "<?xml version=\"1.0\"?><a b=\"1\"><c>x&amp;y</c><!-- z --><d><![CDATA[<>]]></d></a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><a><a/></a></a>",
        ],
        ["<", ">", "</", "/>", "<a>", "</a>", "a", "=", "\"",
            "'", "&", "&#65;", "&#x41;", "&lt;", ";", "<!--", "-->", "<![CDATA[",
         "]]>", "<?", "?>", "<!DOCTYPE", "[", "]", "<!ENTITY", " ", "\n", "\u0000", "SYSTEM"]);

    protected override string ContentType(Random random) =>
        random.Next(8) == 0 ? "text/xml; charset=utf-16be" : "application/xml";
}

/// <summary>application/graphql.</summary>
public sealed class GraphQlTarget : HttpBodyTarget
{
    public override string Name => "http-graphql";

    protected override Pieces Inputs { get; } = new(
        ["query Q($a: Int = 1) { u(id: $a, s: \"x\\n\", l: [1, \"y\"], o: {k: V}) { n } } # c",
            "{ a(b: \"\"\"block\"\"\") }"],
        ["{", "}", "(", ")", "[", "]", ":", ",", "\"", "\"\"\"",
            "\\", "#", "\n", "a", "$a", "...", "@x", "1.5", "!", "|", "\u0000"]);

    protected override string ContentType(Random random) => "application/graphql";
}

/// <summary>Compressed bodies, whole and damaged.</summary>
public sealed class CompressedTarget : HttpBodyTarget
{
    private string _coding = "gzip";

    public override string Name => "http-compressed";

    protected override string? ContentCoding => _coding;

    protected override Pieces Inputs { get; } = new(["a=1&b=2", "{}", ""], ["a", "=", "&", "%41", "aaaaaaaaaaaaaaaa"]);

    public override byte[] Generate(Random random)
    {
        var plain = Inputs.Next(random);
        using var output = new MemoryStream();
        _coding = random.Next(5) switch { 0 => "gzip", 1 => "deflate", 2 => "br", 3 => "zstd", _ => "deflate, gzip" };
        using (Stream encoder = _coding switch
        {
            "gzip" => new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest),
            "zstd" => new ZstdSharp.CompressionStream(output),
            "br" => new System.IO.Compression.BrotliStream(output, System.IO.Compression.CompressionLevel.Fastest),
            _ => new System.IO.Compression.ZLibStream(output, System.IO.Compression.CompressionLevel.Fastest),
        }) encoder.Write(plain);
        var bytes = output.ToArray();
        for (var i = random.Next(4); i > 0
            && bytes.Length > 0; i--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    protected override string ContentType(Random random) => "application/x-www-form-urlencoded";
}
