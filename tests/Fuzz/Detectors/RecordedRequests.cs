using System.IO.Compression;
using System.Text;
using System.Text.Json;
using WafOperator.Http;

namespace WafOperator.Fuzz.Detectors;

/// <summary>One request of the training data: what it is, and the values a rule would look at.</summary>
internal sealed record RecordedRequest(string Id, string? Attack, bool IsMalicious, IReadOnlyList<byte[]> Values);

/// <summary>Reads the training data through the product's own reader.</summary>
internal static class RecordedRequests
{
    public static IEnumerable<RecordedRequest> Read(string file)
    {
        using var stream = File.OpenRead(file);
        using var gzip = new GZipStream(stream, CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        var request = new CanonicalRequest();
        while (reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            Feed(request, root);
            yield return new RecordedRequest(
                root.GetProperty("id").GetString()!, root.GetProperty("attack").GetString(),
                root.GetProperty("label").GetInt32() == 1, ValuesOf(request));
        }
    }

    private static void Feed(CanonicalRequest request, JsonElement root)
    {
        request.Reset();
        request.Begin(
            Encoding.UTF8.GetBytes(root.GetProperty("method").GetString()!),
            Encoding.UTF8.GetBytes(root.GetProperty("uri").GetString()!), "HTTP/1.1"u8);
        foreach (var header in root.GetProperty("headers").EnumerateObject())
            request.AddHeader(Encoding.UTF8.GetBytes(header.Name),
                Encoding.UTF8.GetBytes(header.Value.GetString() ?? ""));
        request.EndHeaders();
        if (root.GetProperty("body").GetString() is { } body) request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
    }

    private static List<byte[]> ValuesOf(CanonicalRequest request)
    {
        var values = new List<byte[]>();
        foreach (var argument in request.Arguments)
        {
            values.Add(request[argument.Name].ToArray());
            values.Add(request[argument.Value].ToArray());
        }

        foreach (var cookie in request.Cookies) values.Add(request[cookie.Value].ToArray());
        foreach (var text in request.XmlTexts) values.Add(request[text.Value].ToArray());
        foreach (var text in request.XmlAttributes) values.Add(request[text.Value].ToArray());
        foreach (var header in request.Headers)
        {
            var name = request[header.LowerName];
            if (name.SequenceEqual("user-agent"u8) || name.SequenceEqual("referer"u8) || name.StartsWith("x-"u8))
                values.Add(request[header.Value].ToArray());
        }

        foreach (var file in request.Files) values.Add(request[file.FileName].ToArray());
        values.Add(request[request.Path].ToArray());
        values.Add(request[request.BaseName].ToArray());
        return values;
    }
}
