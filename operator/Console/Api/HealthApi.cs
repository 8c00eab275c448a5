using System.Diagnostics;
using System.Text.Json.Serialization;
using WafOperator.Console.Store;

namespace WafOperator.Console.Api;

/// <summary>State of one part, in the shape that monitoring of the earlier system reads.</summary>
public sealed record ComponentHealth(
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("response_time_ms")] double ResponseTimeMs)
{
    [JsonPropertyName("connections")]
    public int? Connections { get; init; }

    [JsonPropertyName("detail")]
    public string? Detail { get; init; }
}

/// <summary>State of the whole.</summary>
public sealed record HealthAnswer(
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("timestamp")] DateTimeOffset Timestamp,
    [property: JsonPropertyName("components")] IReadOnlyDictionary<string, ComponentHealth> Components);

/// <summary>
/// Health for probes and monitoring, without a token: it says how the parts are, and nothing of what they hold.
/// </summary>
public sealed class HealthApi(IEventStore store, Func<IEnumerable<(string Name, ComponentHealth Health)>> parts,
    TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public void Map(IEndpointRouteBuilder routes)
    {
        // Alive means that the process answers: one that is restarted because its database is away helps nobody.
        routes.OnGet("/health", () => Results.Ok(new HealthAnswer(
            "healthy", time.GetUtcNow(),
            new Dictionary<string, ComponentHealth> { ["api_server"] = new("up", 0) })))
                .WithSummary("The process answers");
        routes.OnGet("/health/deep", DeepAsync).WithSummary("Every part was asked");
        routes.OnGet("/ready", ReadyAsync).WithSummary("200 when requests can be answered");
    }

    private async Task<IResult> DeepAsync(HttpContext context)
    {
        var components = new Dictionary<string, ComponentHealth>(StringComparer.Ordinal)
        {
            ["api_server"] = new("up", 0),
            ["database"] = await DatabaseAsync(context.RequestAborted),
        };
        foreach (var (name, health) in parts()) components[name] = health;
        var healthy = components.Values.All(part => part.Status == "up");
        return Results.Json(
            new HealthAnswer(healthy ? "healthy" : "degraded", time.GetUtcNow(), components),
            statusCode: healthy ? 200 : 503);
    }

    private async Task<IResult> ReadyAsync(HttpContext context) =>
        (await DatabaseAsync(context.RequestAborted)).Status == "up"
            ? Results.Text("ready") : Results.Text("the event store cannot be asked", statusCode: 503);

    private async Task<ComponentHealth> DatabaseAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var state = await store.StateAsync(patience.Token);
            return new ComponentHealth("up", Elapsed()) { Connections = state.Connections };
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException)
        {
            return new ComponentHealth("down", Elapsed());
        }

        double Elapsed() => Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1);
    }
}
