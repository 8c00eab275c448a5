using System.Net;
using System.Text.Json;
using WafOperator.Recordings;

namespace WafOperator.Console.Analysis;

/// <summary>How a call says its requests.</summary>
public enum AnalyzedFormat
{
    /// <summary>One JSON object: the earlier system's, or method, uri, headers and body.</summary>
    Json,

    /// <summary>A HAR file.</summary>
    Har,

    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>The bytes of one request (RFC 9112).</summary>
    Message,
}

/// <summary>A request to judge.</summary>
/// <param name="Line">Line or entry, from 1.</param>
/// <param name="Bytes">As it goes over the wire.</param>
/// <param name="Client">Who sent it, where that is said.</param>
public readonly record struct AnalyzedRequest(long Line, ReadOnlyMemory<byte> Bytes, IPAddress? Client);

/// <summary>Requests of a call, or why there are none.</summary>
public sealed record AnalyzedRequests
{
    public IReadOnlyList<AnalyzedRequest> Requests { get; init; } = [];

    /// <summary>Lines that are no requests: how many, and the first of them.</summary>
    public RecordingProblems LeftOut { get; init; } = new();

    /// <summary>The call may hold several requests, and is answered with a list.</summary>
    public bool IsList { get; init; }

    /// <summary>Why the call cannot be answered, and its status.</summary>
    public (int Status, string Words)? Refusal { get; init; }

    /// <summary>The format of a content type; null for others.</summary>
    public static AnalyzedFormat? FormatOf(string? contentType)
    {
        var type = (contentType ?? "").Split(';')[0].Trim();
        return type.ToLowerInvariant() switch
        {
            "application/json" => AnalyzedFormat.Json,
            "application/har+json" => AnalyzedFormat.Har,
            "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines" =>
                AnalyzedFormat.JsonLines,
            "message/http" => AnalyzedFormat.Message,
            _ => null,
        };
    }

    /// <summary>Reads a call's body. Pure.</summary>
    public static AnalyzedRequests Read(ReadOnlyMemory<byte> body, AnalyzedFormat format)
    {
        if (format is AnalyzedFormat.Message)
        {
            return body.IsEmpty ? Refused(400, "the body is empty: send one request, as it goes over the wire")
                : new AnalyzedRequests { Requests = [new AnalyzedRequest(1, body, null)] };
        }

        try
        {
            return format is AnalyzedFormat.JsonLines ? OfLines(body) : OfValue(body, format);
        }
        catch (JsonException failure)
        {
            // Its own words hold a part of the text at most.
            return Refused(400, $"the body is not JSON: {failure.Message}");
        }
        catch (RecordingException failure)
        {
            return Refused(400, failure.Message);
        }
    }

    private static AnalyzedRequests OfValue(ReadOnlyMemory<byte> body, AnalyzedFormat format)
    {
        using var json = JsonDocument.Parse(body);
        var isHar = json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("log", out _);
        if (isHar)
        {
            return Of(JsonRequests.ReadHar(json.RootElement)
                .Select((read, i) => (read.Request, read.Problem, i + 1L))) with { IsList = true };
        }

        if (format is AnalyzedFormat.Har) return Refused(400, "the body has no log.entries, as a HAR file has");
        var (request, problem) = JsonRequests.ReadLine(json.RootElement, 1);
        return request is null ? Refused(400, $"the request {problem}") : Of([(request, null, 1L)]);
    }

    private static AnalyzedRequests OfLines(ReadOnlyMemory<byte> body)
    {
        using var stream = new MemoryStream(body.ToArray(), writable: false);
        using var lines = new BoundedLines(stream);
        return Of(Read(lines)) with { IsList = true };

        static IEnumerable<(RecordedRequest?, string?, long)> Read(BoundedLines lines)
        {
            while (lines.Read(AnalyzeLimits.BytesMax) is { } line)
            {
                if (string.IsNullOrWhiteSpace(line.Text)) continue;
                var (request, problem) = ReadLine(line.Text, lines.Number);
                yield return (request, problem, lines.Number);
            }
        }
    }

    private static (RecordedRequest?, string?) ReadLine(string line, long number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return JsonRequests.ReadLine(json.RootElement, number);
        }
        catch (JsonException failure)
        {
            return (null, $"is not JSON: {failure.Message}");
        }
    }

    private static AnalyzedRequests Of(IEnumerable<(RecordedRequest? Request, string? Problem, long Line)> read)
    {
        var (requests, problems) = (new List<AnalyzedRequest>(), new RecordingProblems());
        foreach (var (request, problem, line) in read)
        {
            if (request is null)
            {
                problems.Add(line, problem!);
                continue;
            }

            if (requests.Count == AnalyzeLimits.RequestsMax)
                return Refused(413, $"a call takes at most {AnalyzeLimits.RequestsMax} requests");
            if (request.Client is { } client && !IPAddress.TryParse(client, out _))
            {
                problems.Add(line, "names a client that is no address");
                continue;
            }

            requests.Add(new AnalyzedRequest(
                line, RequestBytes.Of(request), request.Client is { } known ? IPAddress.Parse(known) : null));
        }

        return requests.Count == 0 ? Refused(400, problems.Kept is [var first, ..]
                ? $"the body holds no request: {first}" : "the body holds no request")
            : new AnalyzedRequests { Requests = requests, LeftOut = problems };
    }

    private static AnalyzedRequests Refused(int status, string words) => new() { Refusal = (status, words) };
}
