using System.Text;
using WafOperator.Protocols.Metrics;

namespace WafOperator.Operator.Host;

/// <summary>Liveness, readiness and metrics.</summary>
internal static class Health
{
    public static void Map(IEndpointRouteBuilder routes, ControlPlane plane, PrometheusExporter metrics)
    {
        routes.MapGet("/healthz", () => Results.Text("ok\n"));
        routes.MapGet("/readyz", () =>
        {
            var missing = plane.NotReady().ToList();
            return missing.Count == 0
                ? Results.Text("ok\n")
                : Results.Text(string.Join('\n', missing) + "\n", "text/plain", Encoding.UTF8, 503);
        });
        routes.MapGet("/metrics", () => Results.Text(metrics.Write(), PrometheusExporter.ContentType));
    }
}
