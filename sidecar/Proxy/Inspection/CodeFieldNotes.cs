using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Scoring.Parts;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// What rules found in fields that carry code, of one request: noted for its event, and nothing else comes of it. Not
/// thread-safe.
/// </summary>
internal sealed class CodeFieldNotes(CodeFieldProgram program, CanonicalRequest request) : IMatchReview
{
    /// <summary>Rules that are told of a field; what there is more is only counted as noted.</summary>
    private const int RulesMax = 16;

    private readonly Dictionary<string, List<long>> _rules = new(StringComparer.Ordinal);

    public bool IsOnlyNoted(long ruleId, ReadOnlySpan<string> tags, Slice value)
    {
        if (program.Find(request, value, tags) is not { Label: var label }) return false;
        if (!_rules.TryGetValue(label, out var rules)) _rules[label] = rules = [];
        if (rules.Count < RulesMax && !rules.Contains(ruleId)) rules.Add(ruleId);
        return true;
    }

    /// <summary>The fields in which something was noted, by rules or by models.</summary>
    /// <param name="notes">What rules noted; null where no field concerns the request.</param>
    /// <param name="ofModels">Labels of fields without which models would have led to something else.</param>
    public static IReadOnlyList<CodeFieldNote> Of(CodeFieldNotes? notes, IReadOnlyList<string>? ofModels)
    {
        if (notes is not { _rules.Count: > 0 } && ofModels is null) return [];
        var rules = notes?._rules ?? [];
        return
        [
            .. rules.Keys.Concat(ofModels ?? []).Distinct(StringComparer.Ordinal).Select(label => new CodeFieldNote
            {
                Field = label, Rules = rules.GetValueOrDefault(label) ?? [],
                ByModels = ofModels?.Contains(label, StringComparer.Ordinal) is true,
            }),
        ];
    }
}
