using System.Globalization;
using WafOperator.Http;

namespace WafOperator.Benchmarks.Detection;

/// <summary>What rules found in which part, as training reads it (pure).</summary>
internal static class EvidenceText
{
    /// <summary>Entries <c>part:length:key</c>, separated by spaces.</summary>
    public static string Of(CanonicalRequest request, IReadOnlyList<RuleHit> hits)
    {
        if (hits.Count == 0) return "";
        var parts = new List<RequestPart>();
        foreach (var part in new RequestParts(request)) parts.Add(part);
        return string.Join(' ', hits.Select(hit => string.Create(
            CultureInfo.InvariantCulture, $"{PartOf(parts, hit)}:{hit.Value.Length}:{KeyOf(hit)}")));
    }

    private static string KeyOf(RuleHit hit) => hit.Finding is { } finding
        ? string.Create(CultureInfo.InvariantCulture, $"{hit.RuleId}/{finding}")
        : hit.RuleId.ToString(CultureInfo.InvariantCulture);

    private static string PartOf(List<RequestPart> parts, RuleHit hit)
    {
        if (hit.Place is HitPlace.Uri) return "u";
        if (hit.Place is HitPlace.Body) return "b";
        var index = hit.Place is HitPlace.Part
            ? parts.FindIndex(part => part.Name == hit.Value || IsValue(part, hit.Value))
            : -1;
        return index < 0 ? "r" : index.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Of a file, the part is only its beginning.</summary>
    private static bool IsValue(RequestPart part, Slice value) =>
        part.Value.Offset == value.Offset
        && (part.Value.Length == value.Length || (part.Kind is PartKind.Body && part.Value.Length > 0));
}
