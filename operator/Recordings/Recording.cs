using System.Text;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Recordings;

/// <summary>
/// A recording of requests: a HAR file, JSON lines, or an access log; which one shows in the file itself. Lines are
/// read one by one, so that a log may be long.
/// </summary>
public static class Recording
{
    /// <summary>Characters of a HAR file.</summary>
    public const int HarLengthMax = 256 << 20;

    /// <summary>Characters of one line.</summary>
    public const int LineLengthMax = 4 << 20;

    /// <summary>Requests of a stream, in their order. Entries that cannot be read are counted.</summary>
    public static IEnumerable<RecordedRequest> Read(Stream stream, RecordingProblems problems)
    {
        using var lines = new BoundedLines(stream);
        // A HAR file may be one line or many: what the first one is tells.
        var line = lines.Read(HarLengthMax);
        while (line is { IsWhole: true } blank && string.IsNullOrWhiteSpace(blank.Text))
            line = lines.Read(HarLengthMax);
        if (line is null) yield break;
        if (IsHar(line.Value.Text))
        {
            foreach (var request in Har(line.Value, lines, problems)) yield return request;
            yield break;
        }

        for (; line is { } read; line = lines.Read(LineLengthMax))
        {
            if (read.IsWhole && string.IsNullOrWhiteSpace(read.Text)) continue;
            if (!read.IsWhole || read.Text.Length > LineLengthMax)
            {
                problems.Add(lines.Number, $"has more than {LineLengthMax} characters");
                continue;
            }

            var (request, problem) = Line(read.Text, lines.Number);
            if (request is not null) yield return request;
            else problems.Add(lines.Number, problem!);
        }
    }

    private static (RecordedRequest?, string?) Line(string line, long number)
    {
        if (!line.TrimStart().StartsWith('{')) return AccessLogLine.Read(line, number);
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

    private static IEnumerable<RecordedRequest> Har(
        BoundedLine first, BoundedLines rest, RecordingProblems problems)
    {
        var text = new StringBuilder(first.Text);
        for (var line = first; ; text.Append('\n').Append(line.Text))
        {
            if (!line.IsWhole || text.Length > HarLengthMax)
                throw new RecordingException(
                    $"a HAR file has at most {HarLengthMax} characters", "record fewer requests, or write JSON lines");
            if (rest.Read(HarLengthMax) is not { } next) break;
            line = next;
        }

        using var har = Parse(text.ToString());
        if (har.RootElement.At("log", "entries") is null)
            throw new RecordingException(
                "the recording is JSON and has no log.entries, as a HAR file has",
                "write one request a line: {\"method\": \"GET\", \"uri\": \"/\"}");
        foreach (var (request, problem) in JsonRequests.ReadHar(har.RootElement))
        {
            if (request is not null) yield return request;
            else problems.Add(0, problem!);
        }
    }

    private static JsonDocument Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException failure)
        {
            throw new RecordingException($"the recording is neither HAR nor JSON lines: {failure.Message}");
        }
    }

    /// <summary>Whether a file that begins with this line is one JSON value; JSON lines are whole, each.</summary>
    private static bool IsHar(string line)
    {
        if (!line.AsSpan().TrimStart().StartsWith("{")) return false;
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.At("log", "entries") is not null;
        }
        catch (JsonException)
        {
            return true;
        }
    }
}
