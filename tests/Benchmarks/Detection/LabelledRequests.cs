using System.IO.Compression;
using System.Text;
using System.Text.Json;
using WafOperator.Http;

namespace WafOperator.Benchmarks.Detection;

/// <summary>
/// One labelled request of a data set (JSON lines: method, uri, headers, body, label, attack, source).
/// </summary>
internal sealed record LabelledRequest(
    byte[] Method, byte[] Uri, IReadOnlyList<(byte[] Name, byte[] Value)> Headers, byte[] Body, bool IsAttack,
    string Family, string Source);

/// <summary>
/// Reads data sets and feeds their requests to the canonical reader, completed as an HTTP client would complete them.
/// </summary>
internal static class LabelledRequests
{
    public static IEnumerable<LabelledRequest> Read(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using var lines = new StreamReader(stream, Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            if (line.Length > 0) yield return Parse(line);
        }
    }

    /// <summary>Reads the head: Content-Length is what a client would send; the data sets leave it out.</summary>
    public static void ReadHead(LabelledRequest row, CanonicalRequest request)
    {
        request.Reset();
        request.Begin(row.Method, row.Uri, "HTTP/1.1"u8);
        foreach (var (name, value) in row.Headers)
        {
            if (!Ascii(name, "content-length") && !Ascii(name, "transfer-encoding")) request.AddHeader(name, value);
        }

        if (row.Body.Length > 0) request.AddHeader("Content-Length"u8, Encoding.ASCII.GetBytes($"{row.Body.Length}"));
        request.EndHeaders();
    }

    public static void ReadBody(LabelledRequest row, CanonicalRequest request)
    {
        if (row.Body.Length > 0) request.AppendBody(row.Body);
        request.EndBody();
    }

    private static bool Ascii(byte[] name, string other) =>
        System.Text.Ascii.EqualsIgnoreCase(name, other);

    private static LabelledRequest Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        return new LabelledRequest(
            Bytes(row.GetProperty("method")), Bytes(row.GetProperty("uri")),
            [
                .. row.GetProperty("headers").EnumerateObject()
                    .Select(header => (Encoding.UTF8.GetBytes(header.Name), Bytes(header.Value))),
            ],
            row.TryGetProperty("body", out var body) ? Bytes(body) : [],
            row.GetProperty("label").GetInt32() == 1,
            row.TryGetProperty("attack", out var attack) ? attack.GetString() ?? "" : "",
            row.GetProperty("source").GetString()!);
    }

    private static byte[] Bytes(JsonElement text) =>
        Encoding.UTF8.GetBytes(text.ValueKind is JsonValueKind.Null ? "" : text.ToString());
}
