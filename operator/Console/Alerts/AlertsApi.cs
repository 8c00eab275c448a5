using System.Text.Json;
using System.Text.Json.Serialization;
using WafOperator.Console.Access;
using WafOperator.Console.Api;
using WafOperator.Console.Store;

namespace WafOperator.Console.Alerts;

/// <summary>A condition in the shape of the earlier system.</summary>
public sealed record AlertCondition(
    [property: JsonPropertyName("metric")] string Metric, [property: JsonPropertyName("operator")] string Operator,
    [property: JsonPropertyName("value")] double Value);

/// <summary>A rule in the shape of the earlier system; receivers are names that the administrator gave them.</summary>
public sealed record AlertRuleRequest
{
    [JsonPropertyName("name")]
    public string Name { get; init; } = "";

    [JsonPropertyName("description")]
    public string? Description { get; init; }

    [JsonPropertyName("condition")]
    public AlertCondition? Condition { get; init; }

    [JsonPropertyName("notification")]
    public AlertNotification? Notification { get; init; }

    [JsonPropertyName("window_seconds")]
    public int WindowSeconds { get; init; } = 300;

    [JsonPropertyName("severity")]
    public AlertSeverity Severity { get; init; } = AlertSeverity.Warning;

    [JsonPropertyName("enabled")]
    public bool Enabled { get; init; } = true;
}

/// <summary>Who is told.</summary>
public sealed record AlertNotification
{
    [JsonPropertyName("receivers")]
    public IReadOnlyList<string> Receivers { get; init; } = [];

    /// <summary>Taken by the earlier system; here addresses are the administrator's.</summary>
    [JsonPropertyName("slack_webhook")]
    public string? SlackWebhook { get; init; }
}

/// <summary>What was made.</summary>
public sealed record AlertRuleAnswer(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("created_at")] DateTimeOffset? CreatedAt,
    [property: JsonPropertyName("created_by")] string? CreatedBy,
    [property: JsonPropertyName("enabled")] bool Enabled);

/// <summary>Alert rules.</summary>
public sealed class AlertsApi(ApiContext api, OutletOptions outlets)
{
    private const string Needs = "alert rules need, in all namespaces: update wafpolicies/alerts";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.OnPost("/alerts/rules", CreateAsync).WithSummary("Makes an alert rule").Produces<AlertRuleAnswer>(201)
            .ProducesProblem(400).ProducesProblem(403);
        routes.OnGet("/alerts/rules", ListAsync).WithSummary("Alert rules").Produces<IReadOnlyList<AlertRuleAnswer>>()
            .ProducesProblem(403);
        routes.MapDelete("/alerts/rules/{id}", (Delegate)DeleteAsync).WithSummary("Removes an alert rule").Produces(204)
            .ProducesProblem(403).ProducesProblem(404);
    }

    private async Task<IResult> CreateAsync(HttpContext context, AlertRuleRequest request)
    {
        if (!await api.MayAsync(context, ConsoleRight.EditAlerts, null)) return ApiAccess.Problem(403, Needs);
        var (rule, problem) = Read(request, ApiAccess.ViewerOf(context).Name);
        if (rule is null) return ApiAccess.Problem(400, problem!);
        var known = await api.Store.ListDocumentsAsync(AlertRules.Kind, context.RequestAborted);
        if (known.Count >= AlertRules.Max) return ApiAccess.Problem(400, $"there are {AlertRules.Max} rules already");
        var id = Guid.NewGuid().ToString("D");
        var document = new StoredDocument(AlertRules.Kind, id, JsonSerializer.Serialize(rule, OutletOptions.Json));
        await api.Store.PutDocumentAsync(
            document, NoteOf(context, "alert-rule.create", id, rule.Name), context.RequestAborted);
        return Results.Created($"/api/v1/alerts/rules/{id}", Answer(id, rule));
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        if (!await api.MayAsync(context, ConsoleRight.EditAlerts, null)) return ApiAccess.Problem(403, Needs);
        var stored = await api.Store.ListDocumentsAsync(AlertRules.Kind, context.RequestAborted);
        return Results.Ok(outlets.Rules.Select(rule => Answer("file/" + rule.Name, rule))
            .Concat(stored.Select(static entry => AlertRules.Read(entry.Value, out _) is { } rule
                ? Answer(entry.Key, rule) : new AlertRuleAnswer(entry.Key, "", null, null, false))).ToList());
    }

    private async Task<IResult> DeleteAsync(HttpContext context, string id)
    {
        if (!await api.MayAsync(context, ConsoleRight.EditAlerts, null)) return ApiAccess.Problem(403, Needs);
        if (await api.Store.GetDocumentAsync(AlertRules.Kind, id, context.RequestAborted) is null)
            return ApiAccess.NotFound("alert rule");
        await api.Store.PutDocumentAsync(
            new StoredDocument(AlertRules.Kind, id, null), NoteOf(context, "alert-rule.delete", id, ""),
            context.RequestAborted);
        return Results.NoContent();
    }

    private (AlertRule? Rule, string? Problem) Read(AlertRuleRequest request, string by)
    {
        if (request.Condition is not { } condition) return (null, "condition: metric, operator and value");
        if (condition.Operator is not "greater_than") return (null, "condition.operator: greater_than");
        if (request.Notification?.SlackWebhook is not null)
            return (null, "notification.slack_webhook: addresses are the administrator's; "
                + "name one of notification.receivers");
        AlertMetric? metric = condition.Metric switch
        {
            "requests" or "events" => AlertMetric.Events,
            "attacks" => AlertMetric.Attacks,
            "blocked_requests" => AlertMetric.Blocked,
            "uninspected_requests" => AlertMetric.Uninspected,
            "block_rate" => AlertMetric.BlockRate,
            "model_error_rate" => AlertMetric.ModelErrorRate,
            _ => null,
        };
        if (metric is null)
            return (null, "condition.metric: events, attacks, blocked_requests, uninspected_requests, block_rate or "
                + "model_error_rate");
        var receivers = request.Notification?.Receivers ?? [];
        if (receivers.Any(static name => name is null)) return (null, "notification.receivers: names");
        if (receivers.Except(outlets.Receivers.Select(r => r.Name)).FirstOrDefault() is { } unknown)
            return (null, $"notification.receivers: there is no {unknown}");
        var rule = new AlertRule
        {
            Name = request.Name, Description = request.Description, Metric = metric.Value, Threshold = condition.Value,
            WindowSeconds = request.WindowSeconds, Severity = request.Severity, Receivers = receivers,
            Enabled = request.Enabled, CreatedBy = by, CreatedAt = api.Time.GetUtcNow(),
        };
        return rule.Problem() is { } problem ? (null, problem) : (rule, null);
    }

    private AuditNote NoteOf(HttpContext context, string action, string id, string detail) =>
        new(api.Time.GetUtcNow(), ApiAccess.ViewerOf(context).Name, action, id, detail);

    private static AlertRuleAnswer Answer(string id, AlertRule rule) =>
        new(id, rule.Name, rule.CreatedAt, rule.CreatedBy, rule.Enabled);
}
