using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using WafOperator.Console.Access;
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
public sealed class HealthApi(IEventStore store, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>How long it is said that events were dropped for room.</summary>
    private static readonly TimeSpan DroppedFor = TimeSpan.FromDays(1);

    /// <summary>Anybody may ask, as often as they like: the database is asked once in this time.</summary>
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(2);

    private readonly SharedAnswer<ComponentHealth> _database = new(RememberedFor, time);

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
        var healthy = components.Values.All(part => part.Status == "up");
        return Results.Json(
            new HealthAnswer(healthy ? "healthy" : "degraded", time.GetUtcNow(), components),
            statusCode: healthy ? 200 : 503);
    }

    private async Task<IResult> ReadyAsync(HttpContext context) =>
        (await DatabaseAsync(context.RequestAborted)).Status == "up"
            ? Results.Text("ready") : Results.Text("the event store cannot be asked", statusCode: 503);

    private Task<ComponentHealth> DatabaseAsync(CancellationToken cancellationToken) =>
        _database.GetAsync(AskDatabaseAsync, cancellationToken);

    private async Task<ComponentHealth> AskDatabaseAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var state = await store.StateAsync(patience.Token);
            return new ComponentHealth("up", Elapsed())
            {
                Connections = state.Connections, Detail = RoomOf(state, time.GetUtcNow()),
            };
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException)
        {
            return new ComponentHealth("down", Elapsed());
        }

        double Elapsed() => Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1);
    }

    /// <summary>Events go before their time: what is shown is less than the days that are kept.</summary>
    private static string? RoomOf(StoreState state, DateTimeOffset now) => now - state.LastDropped < DroppedFor
        ? string.Create(CultureInfo.InvariantCulture,
            $"full: {state.Dropped} events went before their time, as {state.KeepBytes} bytes are kept") : null;
}
