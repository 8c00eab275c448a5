using WafOperator.Http;
using WafOperator.Protocols.Status;
using WafOperator.Schemas;

namespace WafOperator.Proxy.Schemas;

/// <summary>
/// What was counted with one ApiSchema. Memory is bounded by its document and by a fixed number of paths. Thread-safe.
/// </summary>
internal sealed class ApiSchemaTally(int operations)
{
    private static readonly int Reasons = Enum.GetValues<SchemaReason>().Length;
    private readonly long[] _operations = new long[operations];

    /// <summary>By operation (the last row: none) and reason.</summary>
    private readonly long[] _findings = new long[(operations + 1) * Reasons];
    private readonly ShadowPaths _shadows = new();
    private long _requests;

    /// <summary>Requests that were compared.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>A request was compared.</summary>
    public void Count(in SchemaVerdict verdict)
    {
        Interlocked.Increment(ref _requests);
        if (verdict.Operation >= 0) Interlocked.Increment(ref _operations[verdict.Operation]);
        if (verdict.Findings is not { } findings) return;
        var row = verdict.Operation < 0 ? operations : verdict.Operation;
        foreach (var finding in findings) Interlocked.Increment(ref _findings[(row * Reasons) + (int)finding.Reason]);
    }

    /// <summary>A request for a path and method that are not described came to its end.</summary>
    public void CountShadow(CanonicalRequest request, bool isAnswered) => _shadows.Count(request, isAnswered);

    /// <summary>What was counted.</summary>
    /// <param name="name">Name of the ApiSchema.</param>
    /// <param name="document">Digest of its document.</param>
    /// <param name="entriesMax">Most findings, and most paths.</param>
    public ApiSchemaReport Report(string name, string document, int entriesMax)
    {
        var counted = _operations.Take(ApiSchemaReport.OperationsMax)
            .Select((_, i) => Interlocked.Read(ref _operations[i])).ToList();
        return new()
        {
            Name = name, Document = document, Requests = Requests,
            Operations = [.. counted.Take(counted.FindLastIndex(count => count > 0) + 1)],
            Findings = [.. Findings().OrderByDescending(finding => finding.Requests).Take(entriesMax)],
            Shadows = _shadows.Read(entriesMax),
        };
    }

    /// <summary>Requests by reason.</summary>
    public IEnumerable<(SchemaReason Reason, long Requests)> ByReason()
    {
        var sums = new long[Reasons];
        for (var i = 0; i < _findings.Length; i++) sums[i % Reasons] += Interlocked.Read(ref _findings[i]);
        return Enumerable.Range(0, Reasons).Where(i => sums[i] > 0).Select(i => ((SchemaReason)i, sums[i]));
    }

    private IEnumerable<ApiFindingReport> Findings()
    {
        for (var i = 0; i < _findings.Length; i++)
        {
            var requests = Interlocked.Read(ref _findings[i]);
            if (requests == 0) continue;
            var row = i / Reasons;
            yield return new(row == operations ? -1 : row, ((SchemaReason)(i % Reasons)).ToString(), requests);
        }
    }
}
