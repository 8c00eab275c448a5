using System.Text;
using WafOperator.Telemetry;

namespace WafOperator.Operator.Host;

/// <summary>Liveness, readiness and metrics.</summary>
internal static class Health
{
    public static void Map(IEndpointRouteBuilder routes, ControlPlane plane, MetricsPage metrics)
    {
        routes.MapGet("/healthz", () => Results.Text("ok\n"));
        routes.MapGet("/readyz", () =>
        {
            var missing = plane.NotReady().ToList();
            return missing.Count == 0
                ? Results.Text("ok\n")
                : Results.Text(string.Join('\n', missing) + "\n", "text/plain", Encoding.UTF8, 503);
        });
        routes.MapGet("/metrics", () => Results.Bytes(metrics.Write(), MetricsPage.ContentType));
    }
}
