using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Apis;

/// <summary>
/// What the sidecars of a policy counted with one ApiSchema → its status. Pure. Operations that were once asked for
/// stay so while the document stays: sidecars that restart begin at zero.
/// </summary>
internal static class ApiSchemaSummary
{
    private const int EntriesMax = 50;
    private const int TextLengthMax = 512;
    private const int NameLengthMax = 256;

    /// <summary>The status without conditions and generation.</summary>
    /// <param name="api">What is in force; null: nothing is.</param>
    /// <param name="reports">What sidecars that run this document say.</param>
    /// <param name="previous">The status so far.</param>
    public static ApiSchemaStatus Of(
        CompiledApi? api, IReadOnlyList<ApiSchemaReport> reports, ApiSchemaStatus? previous)
    {
        if (api is null) return new();
        var same = reports.Where(report => report.Document == api.Document).ToList();
        var unseen = Unseen(api, same, previous);
        return new()
        {
            Operations = api.Operations.Count,
            Document = api.Document,
            Unchecked = [.. api.Unchecked.Take(EntriesMax).Select(text => Cut(text, TextLengthMax))],
            UncheckedCount = api.UncheckedCount,
            Requests = same.Sum(report => report.Requests),
            Findings = Findings(api, same),
            Shadows = [.. same.SelectMany(report => report.Shadows).GroupBy(shadow => shadow.Path)
                .Select(paths => new ApiShadow
                {
                    Path = paths.Key, Requests = paths.Sum(path => path.Requests),
                    Answered = paths.Sum(path => path.Answered),
                })
                .OrderByDescending(shadow => shadow.Answered).ThenByDescending(shadow => shadow.Requests)
                .ThenBy(shadow => shadow.Path, StringComparer.Ordinal).Take(EntriesMax)],
            Unseen = unseen,
            UnseenCount = unseen.Count,
        };
    }

    private static List<ApiFindingCount> Findings(CompiledApi api, List<ApiSchemaReport> reports) =>
    [
        .. reports.SelectMany(report => report.Findings)
            .Where(finding => finding.Operation < api.Operations.Count)
            .GroupBy(finding => (finding.Operation, finding.Reason))
            .Select(same => (Found: Enum.TryParse<ApiReason>(same.Key.Reason, out var reason) && Enum.IsDefined(reason),
                Count: new ApiFindingCount
                {
                    Operation = same.Key.Operation < 0 ? null
                        : Cut(api.Operations[same.Key.Operation], NameLengthMax),
                    Reason = reason, Requests = same.Sum(finding => finding.Requests),
                }))
            .Where(entry => entry.Found).Select(entry => entry.Count).OrderByDescending(count => count.Requests)
            .ThenBy(count => count.Operation, StringComparer.Ordinal).ThenBy(count => count.Reason).Take(EntriesMax),
    ];

    private static List<string> Unseen(CompiledApi api, List<ApiSchemaReport> reports, ApiSchemaStatus? previous)
    {
        var before = previous?.Document == api.Document ? previous.Unseen.ToHashSet(StringComparer.Ordinal) : null;
        var unseen = new List<string>();
        for (var i = 0; i < api.Operations.Count && i < ApiSchemaReport.OperationsMax; i++)
        {
            var name = Cut(api.Operations[i], NameLengthMax);
            if (before is not null && !before.Contains(name)) continue;
            if (reports.All(report => report.Operations.ElementAtOrDefault(i) == 0)) unseen.Add(name);
        }

        return unseen;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
