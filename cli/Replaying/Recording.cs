using System.Text;
using System.Text.Json;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Replaying;

/// <summary>
/// A recording of requests: a HAR file, JSON lines, or an access log; which one shows in the file itself. Lines are
/// read one by one, so that a log may be long.
/// </summary>
internal static class Recording
{
    /// <summary>Bytes of a HAR file.</summary>
    public const int HarBytesMax = 256 << 20;

    /// <summary>Characters of one line.</summary>
    public const int LineLengthMax = 4 << 20;

    /// <summary>Requests of a stream, in their order. Entries that cannot be read are counted.</summary>
    public static IEnumerable<ReplayedRequest> Read(Stream stream, RecordingProblems problems)
    {
        using var buffered = new BufferedStream(stream, 1 << 16);
        using var reader = new StreamReader(buffered, Encoding.UTF8);
        var head = new StringBuilder();
        string? line;
        while ((line = reader.ReadLine()) is not null && string.IsNullOrWhiteSpace(line)) head.Append('\n');
        if (line is null) yield break;
        if (line.TrimStart().StartsWith('{') && !IsWhole(line))
        {
            foreach (var request in Har(line, reader, problems)) yield return request;
            yield break;
        }

        long number = head.Length;
        for (; line is not null; line = reader.ReadLine())
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            if (line.Length > LineLengthMax)
            {
                problems.Add(number, $"has more than {LineLengthMax} characters");
                continue;
            }

            foreach (var (request, problem) in Line(line, number))
            {
                if (request is not null) yield return request;
                else problems.Add(number, problem!);
            }
        }
    }

    private static IEnumerable<(ReplayedRequest?, string?)> Line(string line, long number)
    {
        if (!line.TrimStart().StartsWith('{')) return [AccessLogLine.Read(line, number)];
        try
        {
            var json = JsonDocument.Parse(line).RootElement;
            return json.At("log", "entries") is not null ? JsonRequests.ReadHar(json)
                : [JsonRequests.ReadLine(json, number)];
        }
        catch (JsonException failure)
        {
            return [(null, $"is not JSON: {failure.Message}")];
        }
    }

    private static IEnumerable<ReplayedRequest> Har(string first, StreamReader rest, RecordingProblems problems)
    {
        var text = new StringBuilder(first).Append('\n');
        var buffer = new char[1 << 16];
        int count;
        while ((count = rest.Read(buffer)) > 0)
        {
            text.Append(buffer, 0, count);
            if (text.Length > HarBytesMax) throw new CliException($"a HAR file has at most {HarBytesMax} bytes");
        }

        JsonDocument har;
        try
        {
            har = JsonDocument.Parse(text.ToString());
        }
        catch (JsonException failure)
        {
            throw new CliException($"the recording is neither HAR nor JSON lines: {failure.Message}");
        }

        using (har)
        {
            foreach (var (request, problem) in JsonRequests.ReadHar(har.RootElement))
            {
                if (request is not null) yield return request;
                else problems.Add(0, problem!);
            }
        }
    }

    private static bool IsWhole(string line)
    {
        try
        {
            JsonDocument.Parse(line).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
