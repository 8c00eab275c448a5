using System.Text;
using WafOperator.Benchmarks.Detection;
using WafOperator.Http;

namespace WafOperator.Evasion.Targets;

/// <summary>Keeps the values that the sidecar's reader finds in each request.</summary>
internal sealed class Recorder : ITarget
{
    public List<IReadOnlyList<string>> Values { get; } = [];

    public Verdict Ask(LabelledRequest request)
    {
        var canonical = new CanonicalRequest();
        LabelledRequests.ReadHead(request, canonical);
        LabelledRequests.ReadBody(request, canonical);
        var values = new List<string>();
        foreach (var part in new RequestParts(canonical))
        {
            var value = Encoding.UTF8.GetString(canonical[part.Value]);
            // Cookies and headers are kept as sent; models decode them.
            values.Add(part.Kind is PartKind.Cookie ? Uri.UnescapeDataString(value) : value);
        }

        Values.Add(values);
        return new Verdict(1);
    }
}
