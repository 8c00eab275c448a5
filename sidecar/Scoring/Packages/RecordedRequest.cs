using System.Text;
using System.Text.Json;
using WafOperator.Http;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A request as packages hold them (corpus.jsonl, golden.jsonl: method, uri, headers, body), read as traffic is.
/// </summary>
internal static class RecordedRequest
{
    /// <exception cref="JsonException">A part is not of its type.</exception>
    /// <exception cref="KeyNotFoundException">A part is missing.</exception>
    /// <exception cref="InvalidOperationException">A part is not of its type.</exception>
    public static void Read(CanonicalRequest request, JsonElement row)
    {
        request.Reset();
        request.Begin(Bytes(row.GetProperty("method")), Bytes(row.GetProperty("uri")), "HTTP/1.1"u8);
        foreach (var header in row.GetProperty("headers").EnumerateObject())
            request.AddHeader(Encoding.UTF8.GetBytes(header.Name), Bytes(header.Value));
        request.EndHeaders();
        if (row.TryGetProperty("body", out var body) && body.ValueKind is JsonValueKind.String)
            request.AppendBody(Bytes(body));
        request.EndBody();
    }

    private static byte[] Bytes(JsonElement text) => Encoding.UTF8.GetBytes(text.GetString() ?? "");
}
