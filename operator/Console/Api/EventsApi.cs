using System.ComponentModel;
using WafOperator.Console.Access;
using WafOperator.Console.Exclusions;
using WafOperator.Policies.Exclusions;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Api;

/// <summary>An event with all that is known of it.</summary>
/// <param name="Row">As lists show it.</param>
/// <param name="Event">As the sidecar said it.</param>
/// <param name="Labels">What was said about it.</param>
/// <param name="AlsoIn">Other namespaces with an event of the same id: one of them made it up. Ask with
/// <c>?namespace=</c>.</param>
public sealed record EventDetail(
    EventRow Row, SecurityEvent Event, IReadOnlyList<LabelEntry> Labels, IReadOnlyList<string> AlsoIn);

/// <summary>What somebody says about an event.</summary>
public sealed record LabelRequest(EventLabel Label, string? Reason);

/// <summary>Why an exclusion is wanted.</summary>
public sealed record ExclusionRequest(string Reason);

/// <summary>A proposed exclusion: YAML for Git or kubectl, and what it would have changed.</summary>
public sealed record ExclusionAnswer(string Yaml, ReplayResult Replay);

/// <summary>Lines of the audit trail.</summary>
public sealed record AuditLine(long Number, DateTimeOffset At, string By, string Action, string Subject, string Detail,
    string Hash);

/// <summary>Events, attacks, labels, exclusions, audit.</summary>
public sealed class EventsApi(ApiContext api)
{
    private const int ReasonMax = 1024;
    private const int ReasonMin = 3;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.OnGet("/events", ListAsync).WithSummary("Decisions, newest first").Produces<Page<EventRow>>()
            .ProducesProblem(400).ProducesProblem(401);
        routes.OnGet("/events/{id}", GetAsync).WithSummary("One decision, by the id of the block page")
            .Produces<EventDetail>().ProducesProblem(404);
        routes.MapPut("/events/{id}/label", LabelAsync).WithSummary("Says whether an event was an attack")
            .Produces(204).ProducesProblem(400).ProducesProblem(403).ProducesProblem(404);
        routes.OnPost("/events/{id}/exclusion", ProposeAsync)
            .WithSummary("Proposes the narrowest WafExclusion, and says what it would have changed in seven days")
            .Produces<ExclusionAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
        routes.OnGet("/attacks", AttacksAsync)
            .WithSummary("Attacks, those seen last first").Produces<Page<AttackGroup>>()
            .ProducesProblem(400);
        routes.OnGet("/attacks/{id:long}", AttackAsync).WithSummary("One attack").Produces<AttackGroup>()
            .ProducesProblem(404);
        routes.OnGet("/traffic", TrafficAsync).WithSummary("Traffic of the last hours, in at most 120 stretches")
            .Produces<IReadOnlyList<TrafficRow>>();
        routes.OnGet("/audit", AuditAsync)
            .WithSummary("The audit trail, oldest first").Produces<IReadOnlyList<AuditLine>>()
            .ProducesProblem(403);
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var (query, problem) = QueryParameters.Events(
            context.Request.Query, await api.ScopeAsync(context), api.Time.GetUtcNow());
        return query is null ? ApiAccess.Problem(400, problem!)
            : Results.Ok(await api.Store.ListAsync(query, context.RequestAborted));
    }

    private async Task<IResult> GetAsync(HttpContext context, string id)
    {
        if (await api.FindVisibleAsync(context, id) is not { } found) return ApiAccess.NotFound("event");
        return Results.Ok(new EventDetail(
            found.Row, found.Event,
            await api.Store.LabelsAsync(found.Row.Namespace, id, context.RequestAborted), found.AlsoIn));
    }

    private async Task<IResult> LabelAsync(HttpContext context, string id, LabelRequest request)
    {
        if (await api.FindVisibleAsync(context, id) is not { } found) return ApiAccess.NotFound("event");
        if (!await api.MayAsync(context, ConsoleRight.LabelEvents, found.Row.Namespace))
            return ApiAccess.Problem(403, "labels need: update wafpolicies/events");
        if (!Enum.IsDefined(request.Label) || request.Reason?.Length > ReasonMax
            || request.Reason?.Contains('\0') is true)
            return ApiAccess.Problem(400, $"label: None, Attack or Benign; reason: at most {ReasonMax} characters");
        await Labelling.SetAsync(api, ApiAccess.ViewerOf(context), found.Row, request, context.RequestAborted);
        return Results.NoContent();
    }

    private async Task<IResult> ProposeAsync(HttpContext context, string id, ExclusionRequest request)
    {
        if (await api.FindVisibleAsync(context, id) is not { } found) return ApiAccess.NotFound("event");
        if (request.Reason is not { Length: >= ReasonMin and <= ReasonMax })
            return ApiAccess.Problem(400, $"reason: why, in {ReasonMin} to {ReasonMax} characters");
        var now = api.Time.GetUtcNow();
        var proposal = ExclusionProposal.Of(found.Event, RouteTemplate.Of(found.Event.Path), request.Reason, now);
        if (proposal.Exclusion is null) return ApiAccess.Problem(422, proposal.Problem!);
        var replay = await ExclusionReplay.RunAsync(api.Store, proposal.Exclusion, now, context.RequestAborted);
        return Results.Ok(new ExclusionAnswer(ExclusionYaml.Of(proposal.Exclusion), replay));
    }

    private async Task<IResult> AttacksAsync(HttpContext context)
    {
        var (query, problem) = QueryParameters.Attacks(context.Request.Query, await api.ScopeAsync(context));
        return query is null ? ApiAccess.Problem(400, problem!)
            : Results.Ok(await api.Store.ListAttacksAsync(query, context.RequestAborted));
    }

    private async Task<IResult> AttackAsync(HttpContext context, long id) =>
        await api.FindVisibleAttackAsync(context, id) is { } found ? Results.Ok(found) : ApiAccess.NotFound("attack");

    private async Task<IResult> TrafficAsync(HttpContext context, [Description("1 to 720")] int hours = 24)
    {
        var now = api.Time.GetUtcNow();
        var from = now.AddHours(-Math.Clamp(hours, 1, 720));
        return Results.Ok(await api.Store.TrafficAsync(await api.ScopeAsync(context), from, now,
            context.RequestAborted));
    }

    private async Task<IResult> AuditAsync(HttpContext context, long after = 0, int limit = 100)
    {
        if (!await api.MayAsync(context, ConsoleRight.SeeAudit, null))
            return ApiAccess.Problem(403, "the audit trail needs, in all namespaces: get wafpolicies/audit");
        var lines = await api.Store.ReadAuditAsync(after, Math.Clamp(limit, 1, EventQuery.LimitMax),
            context.RequestAborted);
        return Results.Ok(lines.Select(Line).ToList());
    }

    private static AuditLine Line(AuditEntry entry) => new(
        entry.Number, entry.Note.At, entry.Note.By, entry.Note.Action, entry.Note.Subject, entry.Note.Detail,
        Convert.ToHexStringLower(entry.Hash));
}

/// <summary>Setting a label, from the API and from pages.</summary>
internal static class Labelling
{
    public static async Task SetAsync(
        ApiContext api, Viewer viewer, EventRow row, LabelRequest request, CancellationToken cancellationToken)
    {
        var now = api.Time.GetUtcNow();
        await api.Store.LabelAsync(
            new LabelEntry(row.Namespace, row.Id, request.Label, viewer.Name, now, request.Reason),
            new AuditNote(
                now, viewer.Name, "label", $"{row.Namespace}/{row.Id}", $"{request.Label}: {request.Reason}"),
            cancellationToken);
    }
}
