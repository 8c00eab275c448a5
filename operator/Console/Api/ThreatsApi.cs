using System.Globalization;
using System.Text.Json.Serialization;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Api;

/// <summary>A signature that matched, in the shape of the earlier system.</summary>
public sealed record Threat(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("signature")] string Signature,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("severity")] string Severity,
    [property: JsonPropertyName("created_at")] DateTimeOffset CreatedAt,
    [property: JsonPropertyName("last_updated")] DateTimeOffset LastUpdated,
    [property: JsonPropertyName("detection_rate")] double DetectionRate);

/// <summary>A page of signatures.</summary>
public sealed record ThreatsAnswer(
    [property: JsonPropertyName("total")] int Total,
    [property: JsonPropertyName("limit")] int Limit,
    [property: JsonPropertyName("offset")] int Offset,
    [property: JsonPropertyName("threats")] IReadOnlyList<Threat> Threats);

/// <summary>How a model did, in the shape of the earlier system; what cannot be known without labels is null.</summary>
public sealed record ModelMetrics(
    [property: JsonPropertyName("accuracy")] double? Accuracy,
    [property: JsonPropertyName("precision")] double? Precision,
    [property: JsonPropertyName("recall")] double? Recall,
    [property: JsonPropertyName("f1_score")] double? F1Score,
    [property: JsonPropertyName("avg_latency_ms")] double AverageLatencyMs,
    [property: JsonPropertyName("requests_processed")] long RequestsProcessed,
    [property: JsonPropertyName("labelled")] int Labelled,
    [property: JsonPropertyName("version")] string Version);

/// <summary>How all models did.</summary>
public sealed record ModelsAnswer(
    [property: JsonPropertyName("timestamp")] DateTimeOffset Timestamp,
    [property: JsonPropertyName("models")] IReadOnlyDictionary<string, ModelMetrics> Models);

/// <summary>Signatures with their rates, and models measured on labelled events.</summary>
public sealed class ThreatsApi(ApiContext api)
{
    private const int GroupsMax = 500;
    private const int NamedMax = 100;
    private const int EventsMax = 1_000;
    private const double Threshold = 0.5;
    private static readonly TimeSpan Back = TimeSpan.FromDays(7);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.OnGet("/threats", ThreatsAsync)
            .WithSummary("Rules that matched in the last seven days, with their rates")
            .Produces<ThreatsAnswer>();
        routes.OnGet("/metrics/models", ModelsAsync).WithSummary("Models, measured on labelled events")
            .Produces<ModelsAnswer>();
        routes.OnGet("/metrics/database", async (HttpContext context) =>
            Results.Ok(await api.Store.StateAsync(context.RequestAborted))).WithSummary("The event store")
            .Produces<StoreState>();
    }

    private async Task<IResult> ThreatsAsync(
        HttpContext context, int limit = 100, int offset = 0,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "sort_by")] string sortBy = "detection_rate", string order = "desc")
    {
        limit = Math.Clamp(limit, 1, EventQuery.LimitMax);
        offset = Math.Clamp(offset, 0, 10_000);
        var groups = (await api.Store.ListAttacksAsync(
            new AttackQuery
            {
                Scope = await api.ScopeAsync(context), From = api.Time.GetUtcNow() - Back, Limit = GroupsMax,
            },
            context.RequestAborted)).Items;
        var threats = Sorted(await NamedAsync(groups, context.RequestAborted), sortBy, order).ToList();
        return Results.Ok(new ThreatsAnswer(threats.Count, limit, offset, [.. threats.Skip(offset).Take(limit)]));
    }

    private async Task<List<Threat>> NamedAsync(IReadOnlyList<AttackGroup> groups, CancellationToken cancellationToken)
    {
        var total = Math.Max(1, groups.Sum(group => group.Events));
        var known = new Dictionary<string, RuleMatch>(StringComparer.Ordinal);
        foreach (var group in groups.Take(NamedMax))
        {
            if (group.Rules.Keys.All(known.ContainsKey)) continue;
            var sample = await api.Store.FindAsync(group.Key.Namespace, group.Sample, cancellationToken);
            foreach (var rule in sample?.Event.Rules ?? []) known[rule.Id.ToString(CultureInfo.InvariantCulture)] =
                rule;
        }

        return
        [
            .. groups.SelectMany(group => group.Rules.Select(rule => (Id: rule.Key, Count: rule.Value, Group: group)))
                .GroupBy(rule => rule.Id, StringComparer.Ordinal)
                .Select(rule => new Threat(
                    rule.Key,
                    known.GetValueOrDefault(rule.Key)?.Message ?? $"Rule {rule.Key}",
                    $"rule:{rule.Key}",
                    rule.First().Group.Key.Kind,
                    known.GetValueOrDefault(rule.Key)?.Severity?.ToLowerInvariant() ?? "unknown",
                    rule.Min(r => r.Group.First),
                    rule.Max(r => r.Group.Last),
                    Math.Round((double)rule.Sum(r => r.Count) / total, 4))),
        ];
    }

    private static IEnumerable<Threat> Sorted(List<Threat> threats, string by, string order)
    {
        Func<Threat, IComparable> key = by switch
        {
            "created_at" => static t => t.CreatedAt,
            "last_updated" => static t => t.LastUpdated,
            "name" => static t => t.Name,
            "severity" => static t => t.Severity,
            _ => static t => t.DetectionRate,
        };
        return order == "asc" ? threats.OrderBy(key).ThenBy(t => t.Id) : threats.OrderByDescending(key)
            .ThenBy(t => t.Id);
    }

    private async Task<IResult> ModelsAsync(HttpContext context)
    {
        var scope = await api.ScopeAsync(context);
        var seen = new List<StoredEvent>();
        // Labelled ones first: they are what can be measured; then what came last, for latency.
        foreach (var label in new EventLabel?[] { EventLabel.Attack, EventLabel.Benign, null })
        {
            var page = await api.Store.ListWholeAsync(
                new EventQuery { Scope = scope, Label = label, Limit = EventsMax / 3 }, context.RequestAborted);
            var known = seen.Select(s => s.Row.Sequence).ToHashSet();
            seen.AddRange(page.Items.Where(found => !known.Contains(found.Row.Sequence)));
        }

        var models = seen.SelectMany(e => e.Event.Models.Select(model => (Model: model, e.Row.Label)))
            .Where(m => m.Model.Outcome == "Scored").GroupBy(m => m.Model.Model, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => MetricsOf([.. group]), StringComparer.Ordinal);
        return Results.Ok(new ModelsAnswer(api.Time.GetUtcNow(), models));
    }

    private static ModelMetrics MetricsOf(List<(ModelResult Model, EventLabel Label)> answers)
    {
        var labelled = answers.Where(a => a.Label is not EventLabel.None).ToList();
        double found = labelled.Count(a => a.Label is EventLabel.Attack && a.Model.Score >= Threshold);
        double missed = labelled.Count(a => a.Label is EventLabel.Attack && a.Model.Score < Threshold);
        double wrong = labelled.Count(a => a.Label is EventLabel.Benign && a.Model.Score >= Threshold);
        double passed = labelled.Count - found - missed - wrong;
        var (precision, recall) = (Share(found, found + wrong), Share(found, found + missed));
        return new ModelMetrics(
            Share(found + passed, labelled.Count), precision, recall,
            precision is { } p && recall is { } r && p + r > 0 ? Math.Round(2 * p * r / (p + r), 4) : null,
            Math.Round(answers.Average(a => a.Model.Microseconds) / 1000.0, 3), answers.Count, labelled.Count,
            answers[0].Model.Version);
    }

    private static double? Share(double part, double whole) => whole == 0 ? null : Math.Round(part / whole, 4);
}
