using WafOperator.Proxy.Schemas;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Telemetry;

/// <summary>What is counted with the policy's ApiSchemas, 16 at most.</summary>
internal static class ApiSchemaMetrics
{
    public static void Observe(SidecarMetrics metrics, Func<ApiSchemaSet?> current)
    {
        metrics.ApiRequests.From(() => All(current).Select(
            schema => new Sample(schema.Tally.Requests, schema.Name)));
        metrics.ApiFindings.From(() => All(current).SelectMany(schema => schema.Tally.ByReason().Select(
            found => new Sample(found.Requests, schema.Name, found.Reason.ToString()))));
    }

    private static IReadOnlyList<ApiSchemaProgram> All(Func<ApiSchemaSet?> current) => current()?.All ?? [];
}
