using System.Text;
using WafOperator.Http;
using WafOperator.OpenApi;

namespace WafOperator.Schemas.Tests;

/// <summary>Requests as the sidecar reads them, and documents around a piece that a test is about.</summary>
internal static class Requests
{
    /// <summary>A request: <c>GET /path?query</c>, headers, and a body.</summary>
    public static CanonicalRequest Of(string line, string body = "", params string[] headers)
    {
        var request = new CanonicalRequest();
        var parts = line.Split(' ', 2);
        request.Begin(Encoding.UTF8.GetBytes(parts[0]), Encoding.UTF8.GetBytes(parts[1]), "HTTP/1.1"u8);
        request.AddHeader("host", "shop.example");
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            request.AddHeader(header.AsSpan(0, colon), header.AsSpan(colon + 1).Trim());
        }

        request.EndHeaders();
        if (body.Length > 0) request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
        return request;
    }

    public static CanonicalRequest Json(string line, string body) => Of(line, body, "content-type: application/json");

    /// <summary>A document with these paths.</summary>
    public static string Document(string paths, string more = "", string version = "3.0.3") =>
        $$"""{"openapi":"{{version}}","info":{"title":"t","version":"1"},"paths":{{paths}}{{more}}}""";

    /// <summary>A document whose one operation takes a body of this schema.</summary>
    public static string WithBody(string schema, string more = "", string version = "3.0.3") => Document(
        """{"/b":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":""" + schema
            + "}}},\"responses\":{}}}}", more, version);

    /// <summary>A document with one operation with this parameter.</summary>
    public static string WithParameter(string parameter, string path = "/p") => Document(
        $"{{\"{path}\":{{\"get\":{{\"parameters\":[{parameter}],\"responses\":{{}}}}}}}}");

    public static SchemaProgram Program(string document, string? basePath = null)
    {
        var reading = ApiReader.Read(document);
        Assert.True(reading.Description is not null, reading.Problem?.ToString());
        return new SchemaProgram(reading.Description!, basePath);
    }

    /// <summary>Findings as text, one a line; "" when all fits.</summary>
    public static string Judge(SchemaProgram program, CanonicalRequest request, BodyKnowledge body = default) =>
        string.Join('\n', (program.Judge(request, body).Findings ?? []).Select(f => $"{f.Reason}: {f.Message}"));
}
