using System.Buffers;
using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Status;

namespace WafOperator.Proxy.Schemas;

/// <summary>
/// Paths that requests asked for and a document does not have: so many of them, whoever looks for more. Those that the
/// application answered push out those that it did not: a scanner fills the list and hides nothing. Thread-safe.
/// </summary>
internal sealed class ShadowPaths
{
    /// <summary>What found no room.</summary>
    public const string Others = "(others)";

    private const int PathsMax = ApiSchemaReport.EntriesMax;
    private const int SegmentsMax = 8;
    private const int SegmentLengthMax = 40;
    private const int MethodLengthMax = 16;

    private static readonly SearchValues<byte> Harmless =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~"u8);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Requests, long Answered)> _paths = new(StringComparer.Ordinal);
    private (long Requests, long Answered) _others;

    /// <summary>A request for such a path came to its end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isAnswered">The application answered it with a status below 400.</param>
    public void Count(CanonicalRequest request, bool isAnswered)
    {
        var path = Shown(request);
        var answered = isAnswered ? 1 : 0;
        lock (_lock)
        {
            if (_paths.TryGetValue(path, out var counts))
                _paths[path] = (counts.Requests + 1, counts.Answered + answered);
            else if (_paths.Count < PathsMax || (isAnswered && PushOut()))
                _paths[path] = (1, answered);
            else
                _others = (_others.Requests + 1, _others.Answered + answered);
        }
    }

    /// <summary>Those that the application answered first.</summary>
    /// <param name="max">Most paths.</param>
    public IReadOnlyList<ApiShadowReport> Read(int max)
    {
        lock (_lock)
        {
            var all = _paths.Select(path => new ApiShadowReport(path.Key, path.Value.Requests, path.Value.Answered));
            if (_others.Requests > 0) all = all.Append(new(Others, _others.Requests, _others.Answered));
            return
            [
                .. all.OrderByDescending(path => path.Answered).ThenByDescending(path => path.Requests).Take(max),
            ];
        }
    }

    /// <summary>The path that was asked for least goes, of those that were never answered; false: all were.</summary>
    private bool PushOut()
    {
        var least = _paths.Where(path => path.Value.Answered == 0).MinBy(path => path.Value.Requests);
        if (least.Key is null) return false;
        _paths.Remove(least.Key);
        _others.Requests += least.Value.Requests;
        return true;
    }

    /// <summary>
    /// Method and path with placeholders, so that identifiers (and what they say of people) are not kept.
    /// </summary>
    private static string Shown(CanonicalRequest request)
    {
        var text = new StringBuilder();
        var method = request[request.Method];
        foreach (var b in method[..Math.Min(method.Length, MethodLengthMax)])
            text.Append(char.IsAsciiLetter((char)b) ? (char)b : '?');
        text.Append(' ');
        var rest = request[request.NormalPath];
        for (var i = 0; !rest.IsEmpty && rest[0] == '/'; i++)
        {
            if (i == SegmentsMax) return text.Append("/…").ToString();
            rest = rest[1..];
            var end = rest.IndexOf((byte)'/');
            var segment = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[end..];
            var isName = segment.Length <= SegmentLengthMax && segment.IndexOfAnyExcept(Harmless) < 0;
            var shown = isName ? Encoding.ASCII.GetString(segment) : "{id}";
            if (text.Length + 1 + shown.Length > ApiSchemaReport.PathLengthMax - 2)
                return text.Append("/…").ToString();
            text.Append('/').Append(shown);
        }

        return text.ToString();
    }
}
