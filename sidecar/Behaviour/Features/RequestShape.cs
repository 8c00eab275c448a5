using WafOperator.Behaviour.History;
using WafOperator.Http;

namespace WafOperator.Behaviour.Features;

/// <summary>
/// How a request is written: everything that can be said of one request without its client's past. Works on bytes as
/// sent, so that it means the same in training. Reused; not thread-safe.
/// </summary>
public sealed class RequestShape
{
    public Verb Verb { get; private set; }
    public ByteStatistics Path { get; private set; }
    public ByteStatistics Query { get; private set; }

    /// <summary>Of the body's first 4 KiB.</summary>
    public ByteStatistics Body { get; private set; }
    public int PathBytes { get; private set; }
    public int QueryBytes { get; private set; }
    public long BodyBytes { get; private set; }

    /// <summary>Segments that are not empty.</summary>
    public int Depth { get; private set; }
    public int LongestSegment { get; private set; }
    public int ExtensionBytes { get; private set; }
    public bool IsAsset { get; private set; }
    public bool IsProgram { get; private set; }
    public bool HasDotFile { get; private set; }
    public int Semicolons { get; private set; }
    public int Backslashes { get; private set; }
    public int DoubleSlashes { get; private set; }
    public int Parameters { get; private set; }
    public int LongestValue { get; private set; }
    public bool HasQuery { get; private set; }

    /// <summary>1, 1.1, 2 or 3.</summary>
    public double Version { get; private set; }
    public HeaderShape Headers { get; } = new();
    public ContentCounts Content { get; } = new();

    /// <summary>What the history remembers of this request.</summary>
    public RequestMarks Marks =>
        (Headers.HasReferer ? RequestMarks.Referer : 0) | (Headers.IsOwnReferer ? RequestMarks.OwnReferer : 0)
        | (IsAsset ? RequestMarks.Asset : 0) | (QueryBytes > 0 ? RequestMarks.Query : 0)
        | (Headers.Cookies > 0 ? RequestMarks.Cookie : 0) | (Headers.AcceptsHtml ? RequestMarks.Page : 0);

    public void Read(CanonicalRequest request)
    {
        Verb = VerbOf(request[request.Method]);
        ReadPath(request[request.RawPath]);
        ReadQuery(request[request.RawQuery]);
        HasQuery = request.HasQuery;
        Body = ByteStatistics.Of(request[request.RawBody]);
        BodyBytes = request.BodyBytesSeen;
        Version = VersionOf(request[request.Protocol]);
        Headers.Read(request);
        Content.Read(request[request.Uri], request[request.RawBody]);
    }

    public static Verb VerbOf(ReadOnlySpan<byte> method) => method switch
    {
        _ when method.SequenceEqual("GET"u8) => Verb.Get,
        _ when method.SequenceEqual("HEAD"u8) => Verb.Head,
        _ when method.SequenceEqual("POST"u8) => Verb.Post,
        _ when method.SequenceEqual("PUT"u8) => Verb.Put,
        _ when method.SequenceEqual("PATCH"u8) => Verb.Patch,
        _ when method.SequenceEqual("DELETE"u8) => Verb.Delete,
        _ when method.SequenceEqual("OPTIONS"u8) => Verb.Options,
        _ => Verb.Other,
    };

    private static double VersionOf(ReadOnlySpan<byte> protocol) => protocol switch
    {
        [.., (byte)'/', (byte)'1', (byte)'.', (byte)'0'] => 1,
        [.., (byte)'/', (byte)'2'] or [.., (byte)'/', (byte)'2', (byte)'.', (byte)'0'] => 2,
        [.., (byte)'/', (byte)'3'] or [.., (byte)'/', (byte)'3', (byte)'.', (byte)'0'] => 3,
        _ => 1.1,
    };

    private void ReadPath(ReadOnlySpan<byte> path)
    {
        Path = ByteStatistics.Of(path);
        PathBytes = path.Length;
        (Depth, LongestSegment, HasDotFile) = (0, 0, false);
        (Semicolons, Backslashes, DoubleSlashes) = (path.Count((byte)';'), path.Count((byte)'\\'), path.Count("//"u8));
        ReadOnlySpan<byte> last = default;
        foreach (var range in path.Split((byte)'/'))
        {
            last = path[range];
            if (last.IsEmpty) continue;
            Depth++;
            LongestSegment = Math.Max(LongestSegment, last.Length);
            if (last[0] == '.') HasDotFile = true;
        }

        var dot = last.LastIndexOf((byte)'.');
        var extension = dot > 0 ? last[(dot + 1)..] : default;
        ExtensionBytes = extension.Length;
        Span<byte> lower = stackalloc byte[8];
        if (extension.Length > lower.Length)
        {
            (IsAsset, IsProgram) = (false, false);
            return;
        }

        for (var i = 0; i < extension.Length; i++) lower[i] = NameHash.ToLower(extension[i]);
        IsAsset = WordLists.Contains(WordLists.Assets, lower[..extension.Length]);
        IsProgram = WordLists.Contains(WordLists.Programs, lower[..extension.Length]);
    }

    private void ReadQuery(ReadOnlySpan<byte> query)
    {
        Query = ByteStatistics.Of(query);
        QueryBytes = query.Length;
        (Parameters, LongestValue) = (0, 0);
        foreach (var range in query.Split((byte)'&'))
        {
            var pair = query[range];
            if (pair.IsEmpty) continue;
            Parameters++;
            var equals = pair.IndexOf((byte)'=');
            if (equals >= 0) LongestValue = Math.Max(LongestValue, pair.Length - equals - 1);
        }
    }
}
