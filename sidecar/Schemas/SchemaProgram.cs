using System.Buffers;
using System.Text;
using WafOperator.Http;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>
/// An API's description ready to be compared with requests. Immutable and thread-safe; a request that fits costs a few
/// microseconds and no memory.
/// </summary>
public sealed class SchemaProgram
{
    private const int StackBytesMax = 512;

    private readonly PathTrie _paths;
    private readonly OperationProgram[] _operations;
    private readonly byte[][] _basePaths;

    /// <summary>Prepares a description.</summary>
    /// <param name="description">The document.</param>
    /// <param name="basePath">Where the API is served, in place of what the document says; null: as it says.</param>
    public SchemaProgram(ApiDescription description, string? basePath = null)
    {
        Description = description;
        _paths = new PathTrie(description.Operations);
        _operations = [.. description.Operations.Select(operation => new OperationProgram(operation))];
        IReadOnlyList<string> paths = basePath is null ? description.BasePaths : [basePath.TrimEnd('/')];
        _basePaths = [.. paths.OrderByDescending(path => path.Length).Select(Encoding.UTF8.GetBytes)];
    }

    public ApiDescription Description { get; }

    /// <summary>
    /// The request belongs to this API: one of the paths that programs may take its path for is below a base path.
    /// </summary>
    public bool Covers(CanonicalRequest request)
    {
        if (PathReadings.ShapeOf(request) is PathShape.Plain) return IsBelow(request[request.NormalPath], false);
        var rented = ArrayPool<byte>.Shared.Rent(PathReadings.ScratchBytes(request));
        var isBelow = false;
        for (var i = 0; i < PathReadings.CountOf(request) && !isBelow; i++)
            isBelow = IsBelow(PathReadings.Read(request, i, rented), true);
        ArrayPool<byte>.Shared.Return(rented);
        return isBelow;
    }

    /// <summary>Compares a request that was read to its end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="body">How much of its body is known.</param>
    public SchemaVerdict Judge(CanonicalRequest request, BodyKnowledge body)
    {
        var findings = new FindingList();
        if (Locate(request) is not { } end)
        {
            findings.Add(SchemaReason.UnknownPath, "no operation has this path");
            return new(-1, findings.Found);
        }

        var index = end.Operation(request[request.Method]);
        if (index < 0)
        {
            findings.Add(SchemaReason.UnknownMethod, "no operation of this path has this method");
            return new(-1, findings.Found, end.Allow);
        }

        var operation = _operations[index];
        var judge = new ValueJudge();
        try
        {
            var parameters = new ParameterJudge(request, operation);
            parameters.Path(ref judge, Below(request[request.NormalPath]));
            parameters.Query(ref judge);
            parameters.Headers(ref judge);
            parameters.Cookies(ref judge);
            findings = parameters.Findings;
            if (!judge.IsExhausted) BodyJudge.Judge(request, operation, body, ref judge, ref findings);
        }
        finally
        {
            judge.Dispose();
        }

        return new(index, findings.Found);
    }

    /// <summary>
    /// The operations of a path on which all programs agree: each reading has to lead to the same ones. Readings in
    /// lower case are compared without case.
    /// </summary>
    private PathTrie.PathEnd? Locate(CanonicalRequest request)
    {
        switch (PathReadings.ShapeOf(request))
        {
            case PathShape.Plain: return Find(request[request.NormalPath], false);
            case PathShape.Unsteady: return null;
        }

        byte[]? rented = null;
        var needed = PathReadings.ScratchBytes(request);
        Span<byte> scratch = needed <= StackBytesMax ? stackalloc byte[StackBytesMax]
            : rented = ArrayPool<byte>.Shared.Rent(needed);
        var found = Find(request[request.NormalPath], false);
        for (var i = 0; i < PathReadings.CountOf(request) && found is not null; i++)
        {
            if (!ReferenceEquals(Find(PathReadings.Read(request, i, scratch), i > 2), found)) found = null;
        }

        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return found;
    }

    private PathTrie.PathEnd? Find(ReadOnlySpan<byte> path, bool ignoresCase)
    {
        foreach (var basePath in _basePaths)
        {
            if (!StartsWith(path, basePath, ignoresCase)) continue;
            var below = path[basePath.Length..];
            if (_paths.Find(below.IsEmpty ? "/"u8 : below, ignoresCase) is { } found) return found;
        }

        return null;
    }

    /// <summary>What is below the base path under which the path was found.</summary>
    private ReadOnlySpan<byte> Below(ReadOnlySpan<byte> path)
    {
        foreach (var basePath in _basePaths)
        {
            if (!StartsWith(path, basePath, false)) continue;
            var below = path[basePath.Length..];
            if (below.IsEmpty) return "/"u8;
            if (_paths.Find(below) is not null) return below;
        }

        return path;
    }

    private bool IsBelow(ReadOnlySpan<byte> path, bool ignoresCase)
    {
        foreach (var basePath in _basePaths)
        {
            if (StartsWith(path, basePath, ignoresCase)) return true;
        }

        return false;
    }

    private static bool StartsWith(ReadOnlySpan<byte> path, ReadOnlySpan<byte> basePath, bool ignoresCase) =>
        path.Length >= basePath.Length && (path.Length == basePath.Length || path[basePath.Length] == '/')
        && (ignoresCase ? Ascii.EqualsIgnoreCase(path[..basePath.Length], basePath)
            : path.StartsWith(basePath));
}
