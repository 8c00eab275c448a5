namespace WafOperator.E2e.Shop;

/// <summary>Liveness and readiness; readiness can be switched, so that a test sees the probe reach the application.</summary>
internal static class Probes
{
    private static volatile bool _ready = true;

    public static void MapProbes(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("ok"));
        app.MapGet("/readyz", () => _ready ? Results.Text("ok") : Results.Text("not ready", statusCode: 503));
        app.MapPost("/admin/ready", () => { _ready = true; return Results.NoContent(); });
        app.MapDelete("/admin/ready", () => { _ready = false; return Results.NoContent(); });
    }
}
