using System.Globalization;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Compilation;

/// <summary>A limit on bodies that the sidecar's memory cannot hold is none: longer ones are refused with 503. Said,
/// not refused, since a
/// pod's annotation may give the sidecar more. Pure.</summary>
internal static class BodyRoom
{
    public static void Check(WafPolicySpec spec, List<Finding> findings)
    {
        var memory = (spec.Sidecar ?? new()).MemoryLimit;
        var most = SidecarMemory.BodyBytesMax(ByteQuantity.Parse(memory));
        Compare("spec.body.limit", spec.Body);
        for (var i = 0; i < spec.Routes.Count; i++)
            Compare(string.Create(CultureInfo.InvariantCulture, $"spec.routes[{i}].body.limit"), spec.Routes[i].Body);

        void Compare(string path, BodyInspectionSpec? body)
        {
            if (body is null or { Mode: BodyInspectionMode.HeadersOnly }
                || ByteQuantity.Parse(body.Limit) <= most) return;
            findings.Add(new(FindingSeverity.Warning, FindingKind.InvalidSpec, path, string.Create(
                CultureInfo.InvariantCulture,
                $"a sidecar with memoryLimit {memory} holds {most >> 20}Mi for one client at most: longer bodies "
                    + $"are refused with 503; "
                    + $"raise spec.sidecar.memoryLimit, or lower {body.Limit}")));
        }
    }
}
