using System.Text;
using WafOperator.Fuzz.Running;
using WafOperator.Http;
using WafOperator.Http.Decoding;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Request line and headers: no crash, limits kept, bytes equal characters, paths normal after one pass.
/// </summary>
public sealed class HttpHeadTarget : FuzzTarget
{
    private static readonly HttpLimits Small = new() { HeaderBytesMax = 120, HeadersMax = 3, CookiesMax = 2,
        ArgumentsMax = 3, ArgumentBytesMax = 8 };

    private readonly CanonicalRequest _large = new();
    private readonly CanonicalRequest _other = new();
    private readonly CanonicalRequest _small = new(Small);

    private readonly Pieces _inputs = new(
        ["GET\n/a/../b//c/./d/..?x\nHTTP/1.1", "GET\n..\\a\\%2e%2e/b/..\nHTTP/2.0",
            "GET\n/a/b.php?x=1&y=%41\nHTTP/1.1\nHost: h\nCookie: a=b; c=d\nContent-Type: text/html; charset=x"],
        ["\n", ":", " ", "/", "/..", "/../", "/./", "/../../", "..", "%2f", "%", "%u0041", "?", "&", "=",
            "\\", "//", "http://", "Host: ", "Cookie: ", ";",
         "Content-Type: ", "charset=\"", "Content-Length: ", "Transfer-Encoding: ", "\u0000", "\u00c0\u00af", "\r",
             "%00", "%252e"]);

    public override string Name => "http-head";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var lines = Split(input);
        var bytes = Feed(_large, lines, asText: false);
        Require(bytes == Feed(_other, lines, asText: true), "bytes equal characters");
        Feed(_small, lines, asText: false);
        Require(_small.Headers.Length <= Small.HeadersMax, "HeadersMax");
        Require(_small.Arguments.Length <= Small.ArgumentsMax, "ArgumentsMax");
        Require(_small.Cookies.Length <= Small.CookiesMax, "CookiesMax");
        CheckPath(_large[_large.Path].ToArray());
    }

    private static void CheckPath(byte[] path)
    {
        var anomalies = Anomalies.None;
        var once = new byte[path.Length + 1];
        var length = PathNormalizer.Normalize(path, once, ref anomalies);
        var twice = new byte[length + 1];
        var again = PathNormalizer.Normalize(once.AsSpan(0, length), twice, ref anomalies);
        Require(once.AsSpan(0, length).SequenceEqual(twice.AsSpan(0, again)), "normalised twice is once");
        if (PathNormalizer.IsNormal(path)) Require(once.AsSpan(0, length).SequenceEqual(path), "a normal path stays");
    }

    private static string Feed(CanonicalRequest request, List<byte[]> lines, bool asText)
    {
        request.Reset();
        if (asText) request.Begin(Text(lines[0]), Text(lines[1]), Text(lines[2]));
        else request.Begin(lines[0], lines[1], lines[2]);
        foreach (var line in lines.Skip(3))
        {
            var colon = Array.IndexOf(line, (byte)':');
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? [] : line[(colon + 1)..];
            if (asText) request.AddHeader(Text(name), Text(value));
            else request.AddHeader(name, value);
        }

        request.EndHeaders();
        request.EndBody();
        request.TryGetHeader("host"u8, out _);
        return HttpSnapshot.Of(request);
    }

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static List<byte[]> Split(byte[] input)
    {
        var lines = new List<byte[]>();
        var start = 0;
        for (var i = 0; i <= input.Length; i++)
        {
            if (i < input.Length && input[i] != '\n') continue;
            lines.Add(input[start..i]);
            start = i + 1;
        }

        while (lines.Count < 3) lines.Add([]);
        return lines;
    }
}
