using System.Diagnostics.Metrics;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Telemetry;

/// <summary>What is counted of limits that replicas share.</summary>
internal static class SharingMetrics
{
    public static void Observe(SidecarMeters meters, Replicas replicas)
    {
        meters.Gauge("waf_limit_parts", "Parts into which rate limits are divided where this replica counts alone.",
            () => [new Measurement<double>(replicas.Current.Parts)]);
        meters.Counter("waf_shared_limits_total", "Requests under shared limits, by who decided.", () =>
        {
            if (replicas.Current.Counting is not { } counting) return [];
            var (shared, late, away) = counting.Counts;
            return [Of(shared, "redis"), Of(late, "late"), Of(away, "away")];
        });
        meters.Gauge("waf_shared_limits_debt", "Units of limits that Redis is not told yet.", () =>
            replicas.Current.Counting is { } counting ? [new Measurement<double>(counting.Debts.Units)] : []);
        meters.Counter("waf_shared_limits_lost_total", "Units of limits that Redis will not be told.", () =>
            replicas.Current.Counting is { } counting ? [new Measurement<long>(counting.Debts.Lost)] : []);
    }

    private static Measurement<long> Of(long count, string by) =>
        new(count, new KeyValuePair<string, object?>("by", by));
}
