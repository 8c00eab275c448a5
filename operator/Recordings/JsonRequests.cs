using System.Text;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Recordings;

/// <summary>
/// Requests in JSON: a line of the feedback format (<c>method, uri, headers, body, label</c>), a line of a sidecar's
/// decision log, and entries of a HAR file. Pure.
/// </summary>
public static class JsonRequests
{
    /// <summary>Header fields that the replay makes itself, or that do not go over HTTP/1.1.</summary>
    private static readonly HashSet<string> Framing = new(StringComparer.OrdinalIgnoreCase)
    {
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE",
            "Trailer",
        "Expect", "Accept-Encoding", "HTTP2-Settings",
    };

    /// <summary>
    /// A line of JSON: ours, or that of the earlier system with <c>request</c> around it, <c>query_params</c> and
    /// <c>source_ip</c>.
    /// </summary>
    public static (RecordedRequest? Request, string? Problem) ReadLine(JsonElement line, long number)
    {
        if (line.ValueKind is not JsonValueKind.Object) return (null, "is no JSON object");
        var request = line.At("request") is { ValueKind: JsonValueKind.Object } inner ? inner : line;
        var method = request.Text("method") ?? "GET";
        if ((request.Text("uri") ?? request.Text("url") ?? request.Text("path")) is not { Length: > 0 } target)
            return (null, "has neither uri, url nor path");
        var headers = new List<(string, string)>();
        if (request.At("headers") is { ValueKind: JsonValueKind.Object } fields)
        {
            foreach (var (name, value) in Values(fields)) Add(headers, name, value);
        }

        if (request.Text("host") is { } host && !headers.Exists(h =>
            h.Item1.Equals("Host", StringComparison.OrdinalIgnoreCase)))
            Add(headers, "Host", host);
        return (new RecordedRequest(number, method, WithQuery(TargetOf(target), request))
        {
            Headers = headers,
            Body = BodyOf(request.At("body")),
            Client = request.Text("client") ?? request.Text("source_ip"),
            IsAttack = line.Number("label") is { } label ? label == 1 : null,
        }, null);
    }

    /// <summary>Members of an object, one for each value of a list; null for what is no text.</summary>
    private static IEnumerable<(string Name, string? Value)> Values(JsonElement fields)
    {
        foreach (var field in fields.EnumerateObject())
            foreach (var value in field.Value.ValueKind is JsonValueKind.Array
                ? field.Value.EnumerateArray().ToArray() : [field.Value])
                yield return (field.Name, value.ValueKind is JsonValueKind.String ? value.Text() : value.GetRawText());
    }

    /// <summary>A text as it is; anything else as the JSON that it is.</summary>
    private static ReadOnlyMemory<byte> BodyOf(JsonElement? body) => body switch
    {
        null => default,
        { ValueKind: JsonValueKind.String } text => Encoding.UTF8.GetBytes(text.Text() ?? ""),
        { } value => Encoding.UTF8.GetBytes(value.GetRawText()),
    };

    /// <summary>Parameters that stand apart are written as a client would write them.</summary>
    private static string WithQuery(string target, JsonElement request)
    {
        if (request.At("query_params") is not { ValueKind: JsonValueKind.Object } parameters) return target;
        var query = string.Join('&', Values(parameters).Select(p =>
            $"{Escaped(p.Name)}={Escaped(p.Value ?? "")}"));
        if (query.Length == 0) return target;
        return target + (target.Contains('?', StringComparison.Ordinal) ? '&' : '?') + query;
    }

    private static string Escaped(string text) => Uri.EscapeDataString(text);

    /// <summary>The requests of a HAR file.</summary>
    public static IEnumerable<(RecordedRequest? Request, string? Problem)> ReadHar(JsonElement har)
    {
        long number = 0;
        foreach (var entry in har.Items("log", "entries"))
        {
            number++;
            yield return entry.At("request") is { } request ? OfEntry(request, number) : (null, "has no request");
        }
    }

    private static (RecordedRequest?, string?) OfEntry(JsonElement request, long number)
    {
        if (request.Text("url") is not { Length: > 0 } url) return (null, "has no url");
        var headers = new List<(string, string)>();
        foreach (var header in request.Items("headers"))
            if (header.Text("name") is { } name && !name.StartsWith(':')) Add(headers, name, header.Text("value"));
        if (!headers.Exists(h => h.Item1.Equals("Host", StringComparison.OrdinalIgnoreCase))
            && Uri.TryCreate(url, UriKind.Absolute, out var absolute)) headers.Add(("Host", absolute.Authority));
        return (new RecordedRequest(number, request.Text("method") ?? "GET", TargetOf(url))
        {
            Headers = headers, Body = BodyOf(request),
        }, null);
    }

    private static ReadOnlyMemory<byte> BodyOf(JsonElement request)
    {
        if (request.Text("postData", "text") is { } text)
        {
            if (request.Text("postData", "encoding") != "base64") return Encoding.UTF8.GetBytes(text);
            var bytes = new byte[text.Length];
            return Convert.TryFromBase64String(text, bytes, out var count) ? bytes.AsMemory(0, count) : default;
        }

        var form = string.Join('&', request.Items("postData", "params").Select(p =>
            $"{Uri.EscapeDataString(p.Text("name") ?? "")}={Uri.EscapeDataString(p.Text("value") ?? "")}"));
        return Encoding.ASCII.GetBytes(form);
    }

    /// <summary>Path and query of a URL, not read otherwise: what is odd in it is what is looked for.</summary>
    private static string TargetOf(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var rest = url;
        if (scheme is > 0 and < 10)
        {
            var slash = url.AsSpan(scheme + 3).IndexOfAny('/', '?', '#');
            rest = slash < 0 ? "/" : url[(scheme + 3 + slash)..];
        }

        var fragment = rest.IndexOf('#', StringComparison.Ordinal);
        if (fragment >= 0) rest = rest[..fragment];
        return rest.StartsWith('/') ? rest : "/" + rest;
    }

    private static void Add(List<(string, string)> headers, string name, string? value)
    {
        if (value is not null && !Framing.Contains(name)) headers.Add((name, value));
    }
}
