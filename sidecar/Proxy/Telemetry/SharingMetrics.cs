using WafOperator.Proxy.Sharing;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Telemetry;

/// <summary>What is counted of limits that replicas share.</summary>
internal static class SharingMetrics
{
    public static void Observe(SidecarMetrics metrics, Replicas replicas)
    {
        metrics.LimitParts.From(() => replicas.Current.Parts);
        metrics.SharedLimits.From(() =>
        {
            if (replicas.Current.Counting is not { } counting) return [];
            var (shared, late, away) = counting.Counts;
            return [new Sample(shared, "redis"), new Sample(late, "late"), new Sample(away, "away")];
        });
        metrics.SharedLimitsDebt.From(() =>
            replicas.Current.Counting is { } counting ? [new Sample(counting.Debts.Units)] : []);
        metrics.SharedLimitsLost.From(() =>
            replicas.Current.Counting is { } counting ? [new Sample(counting.Debts.Lost)] : []);
    }
}
