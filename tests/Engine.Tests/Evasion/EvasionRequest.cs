using System.IO.Compression;
using System.Text;
using WafOperator.Http;

namespace WafOperator.Engine.Tests.Evasion;

/// <summary>A request as a client would send it; text is Latin-1, one character a byte.</summary>
internal sealed record EvasionRequest(string Method, string Target, IReadOnlyList<(string Name,
    string Value)> Headers, byte[] Body)
{
    private static readonly (string, string)[] Browser =
    [
        ("Host", "shop.example"), ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"), ("Accept", "*/*"),
    ];

    public static EvasionRequest Get(string target, params (string, string)[] headers) =>
        new("GET", target, [.. Browser, .. headers], []);

    public static EvasionRequest Bare(string method, string target, params (string, string)[] headers) =>
        new(method, target, headers, []);

    public static EvasionRequest Post(string type, string body, params (string, string)[] headers) =>
        Post(type, Encoding.Latin1.GetBytes(body), headers);

    public static EvasionRequest Post(string type, byte[] body, params (string, string)[] headers) =>
        new("POST", "/order", [.. Browser, ("Content-Type", type), ("Content-Length", $"{body.Length}"), .. headers],
            body);

    public static EvasionRequest Form(string body) => Post("application/x-www-form-urlencoded", body);

    public static EvasionRequest Json(string body) => Post("application/json", body);

    public static EvasionRequest Xml(string body) => Post("application/xml", body);

    /// <summary>Parts with | for the line end, boundary b.</summary>
    public static EvasionRequest Multipart(string raw, string boundary = "; boundary=b") =>
        Post("multipart/form-data" + boundary, raw.Replace("|", "\r\n"));

    public static byte[] GZip(byte[] body)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal)) gzip.Write(body);
        return output.ToArray();
    }

    public void FeedHead(CanonicalRequest request)
    {
        request.Begin(Encoding.Latin1.GetBytes(Method), Encoding.Latin1.GetBytes(Target), "HTTP/1.1"u8);
        foreach (var (name, value) in Headers) request.AddHeader(Encoding.Latin1.GetBytes(name),
            Encoding.Latin1.GetBytes(value));
        request.EndHeaders();
    }
}
