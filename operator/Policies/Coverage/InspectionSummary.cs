using System.Globalization;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>
/// What all sidecars of a policy looked at, together. Pure; counters come from pods and are not believed below zero.
/// </summary>
public static class InspectionSummary
{
    /// <summary>No counter of one sidecar is believed above this, so that sums of many do not overflow.</summary>
    public const long CountMax = 1L << 50;

    /// <summary>Null when nothing was counted yet.</summary>
    public static InspectionStatus? Of(IReadOnlyCollection<InspectionCounters> sidecars)
    {
        var requests = sidecars.Sum(s => Requests(s));
        if (requests <= 0) return null;
        var bytes = sidecars.Sum(s => Bytes(s));
        var reasons = Enum.GetValues<UninspectedReason>()
            .Select(reason => (Name: reason.ToString(), Count: sidecars.Sum(s => CountOf(s, reason))))
            .Where(item => item.Count > 0).ToList();
        return new InspectionStatus
        {
            RequestsWhole = Share(sidecars.Sum(s => Math.Clamp(s.Whole, 0, Requests(s))), requests),
            BytesInspected = bytes == 0 ? null
                : Share(sidecars.Sum(s => Math.Clamp(s.BytesInspected, 0, Bytes(s))), bytes),
            Uninspected = [.. reasons.Select(item => new UninspectedShare { Reason = item.Name, Share =
                Share(item.Count, requests) })],
        };
    }

    internal static long Requests(InspectionCounters sidecar) => Math.Clamp(sidecar.Requests, 0, CountMax);

    private static long Bytes(InspectionCounters sidecar) => Math.Clamp(sidecar.Bytes, 0, CountMax);

    internal static long CountOf(InspectionCounters sidecar, UninspectedReason reason) =>
        Math.Clamp(sidecar.Uninspected.GetValueOrDefault(reason.ToString()), 0, Requests(sidecar));

    /// <summary>Rounded down to four digits, so that the status is not written anew for each request.</summary>
    private static string Share(long part, long whole) =>
        (Math.Floor((double)part / whole * 10_000) / 10_000).ToString("0.####", CultureInfo.InvariantCulture);
}
