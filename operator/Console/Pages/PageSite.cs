using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using WafOperator.Console.Access;
using WafOperator.Console.Api;
using WafOperator.Console.Exclusions;
using WafOperator.Policies.Exclusions;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;

namespace WafOperator.Console.Pages;

/// <summary>
/// The console's pages: documents that the server renders, without scripts, from the same store and with the same
/// rights
/// as the API.
/// </summary>
public sealed class PageSite(ApiContext api, Sessions sessions, ClusterObjects cluster)
{
    private const int ClientEvents = 50;
    private static readonly (byte[] Bytes, string Tag) Style = ReadStyle();

    /// <summary>Everything but the API, health and the description.</summary>
    public static bool IsPage(PathString path) => !path.StartsWithSegments("/api")
        && !path.StartsWithSegments("/openapi")
        && !path.StartsWithSegments("/health") && !path.StartsWithSegments("/ready")
            && !path.StartsWithSegments("/metrics");

    /// <summary>Middleware in front of pages: what browsers may do with them, forms of our own only, and who it
    /// is.</summary>
    public static async Task GuardAsync(HttpContext context, RequestDelegate next, Sessions sessions)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (HttpMethods.IsPost(context.Request.Method) && !IsOurForm(context.Request))
        {
            await ApiAccess.Problem(403, "forms of other sites are not taken").ExecuteAsync(context);
            return;
        }

        var isOpen = context.Request.Path == "/site.css" || context.Request.Path == "/sign-in";
        if (!isOpen)
        {
            headers.CacheControl = "no-store";
            if (await sessions.ViewerOfAsync(context) is not { } viewer)
            {
                var back = HttpMethods.IsGet(context.Request.Method) ? context.Request.Path
                    + context.Request.QueryString.ToString() : "/";
                context.Response.Redirect("/sign-in?next=" + Uri.EscapeDataString(back));
                return;
            }

            ApiAccess.SetViewer(context, viewer);
        }

        await next(context);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.OnGet("/site.css", Css).ExcludeFromDescription();
        routes.OnGet("/sign-in", (string? next) => Page<SignInPage>(new { Next = OurPath(next) }))
            .ExcludeFromDescription();
        routes.OnPost("/sign-in", SignInAsync).ExcludeFromDescription();
        routes.OnPost("/sign-out", (HttpContext context) =>
        {
            sessions.SignOut(context);
            return Results.Redirect("/sign-in");
        }).ExcludeFromDescription();
        routes.OnGet("/", OverviewAsync).ExcludeFromDescription();
        routes.OnGet("/events", EventsAsync).ExcludeFromDescription();
        routes.OnGet("/events/{id}", EventAsync).ExcludeFromDescription();
        routes.OnPost("/events/{id}/label", LabelAsync).ExcludeFromDescription();
        routes.OnGet("/events/{id}/exclusion", ProposeAsync).ExcludeFromDescription();
        routes.OnPost("/events/{id}/exclusion", ProposeAsync).ExcludeFromDescription();
        routes.OnGet("/attacks", AttacksAsync).ExcludeFromDescription();
        routes.OnGet("/attacks/{id:long}", AttackAsync).ExcludeFromDescription();
        routes.OnGet("/policies", async (HttpContext context) => Page<PoliciesPage>(new
        {
            Viewer = ApiAccess.ViewerOf(context), cluster.IsConnected,
            Policies = await cluster.PoliciesAsync(ApiAccess.ViewerOf(context), context.RequestAborted),
        })).ExcludeFromDescription();
        routes.OnGet("/rollouts", async (HttpContext context) => Page<RolloutsPage>(new
        {
            Viewer = ApiAccess.ViewerOf(context), cluster.IsConnected,
            Models = await cluster.ModelsAsync(ApiAccess.ViewerOf(context), context.RequestAborted),
        })).ExcludeFromDescription();
        routes.OnGet("/exclusions", async (HttpContext context) => Page<ExclusionsPage>(new
        {
            Viewer = ApiAccess.ViewerOf(context), cluster.IsConnected,
            Exclusions = await cluster.ExclusionsAsync(ApiAccess.ViewerOf(context), context.RequestAborted),
        })).ExcludeFromDescription();
        routes.OnGet("/audit", AuditAsync).ExcludeFromDescription();
    }

    private async Task<IResult> SignInAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var next = OurPath(form["next"].FirstOrDefault());
        var problem = await sessions.SignInAsync(context, form["token"].FirstOrDefault()?.Trim() ?? "");
        return problem is null ? Results.Redirect(next) : Page<SignInPage>(new { Problem = problem, Next = next }, 401);
    }

    private async Task<IResult> OverviewAsync(HttpContext context, int hours = 24)
    {
        hours = Math.Clamp(hours, 1, 720);
        var viewer = ApiAccess.ViewerOf(context);
        var (to, scope) = (api.Time.GetUtcNow(), await api.ScopeAsync(context));
        var from = to.AddHours(-hours);
        var policies = await cluster.PoliciesAsync(viewer, context.RequestAborted);
        var rows = await api.Store.TrafficAsync(scope, from, to, context.RequestAborted);
        return Page<OverviewPage>(new
        {
            Viewer = viewer,
            Hours = hours,
            From = from,
            To = to,
            scope.IsPartial,
            IsCut = rows.Count >= SqlEventStore.TrafficRowsMax || policies.Count >= ClusterObjects.ShownMax,
            Rows = rows,
            Attacks = (await api.Store.ListAttacksAsync(
                new AttackQuery { Scope = scope, From = from, Limit = 10 }, context.RequestAborted)).Items,
            Uncovered = cluster.IsConnected
                ? policies.Sum(p => (long)(p.Value.Status?.Coverage?.Missing ?? 0)
                    + (p.Value.Status?.Coverage?.Uncaptured ?? 0))
                : (long?)null,
        });
    }

    private async Task<IResult> EventsAsync(HttpContext context)
    {
        var scope = await api.ScopeAsync(context);
        var (query, problem) = QueryParameters.Events(context.Request.Query, scope, api.Time.GetUtcNow());
        var page = query is null ? null : await api.Store.ListAsync(query, context.RequestAborted);
        return Page<EventsPage>(
            new
            {
                Viewer = ApiAccess.ViewerOf(context),
                Search = context.Request.QueryString.ToString(),
                Text = context.Request.Query["q"].FirstOrDefault(),
                Chosen = context.Request.Query["verdict"].FirstOrDefault(),
                OnlyAttacks = context.Request.Query["attack"] == "true",
                scope.IsPartial,
                Problem = problem,
                Next = Next(context, page?.Next),
                Events = page?.Items ?? [],
            },
            query is null ? 400 : 200);
    }

    private async Task<IResult> EventAsync(HttpContext context, string id)
    {
        var viewer = ApiAccess.ViewerOf(context);
        if (await api.FindVisibleAsync(context, id) is not { } found) return NotFound(viewer);
        var ofClient = await api.Store.ListAsync(
            new EventQuery
            {
                Scope = await api.Gate.ScopeOfAsync(viewer, context.RequestAborted), Client = found.Row.Client, Limit =
                    ClientEvents,
            },
            context.RequestAborted);
        var policy = (await cluster.PoliciesAsync(viewer, context.RequestAborted)).FirstOrDefault(p =>
            p.Metadata.Namespace == found.Row.Namespace && p.Metadata.Name == found.Row.Policy);
        return Page<EventPage>(new
        {
            Viewer = viewer, found.Stored, found.AlsoIn,
            Labels = await api.Store.LabelsAsync(found.Row.Namespace, id, context.RequestAborted),
            OfClient = ofClient.Items, Revision = policy?.Value.Status?.Revision,
        });
    }

    private async Task<IResult> LabelAsync(HttpContext context, string id)
    {
        var viewer = ApiAccess.ViewerOf(context);
        if (await api.FindVisibleAsync(context, id) is not { } found) return NotFound(viewer);
        if (!await api.MayAsync(context, ConsoleRight.LabelEvents, found.Row.Namespace))
            return Message(viewer, 403, "Not allowed",
                "Labels need: update wafpolicies/events in the event's namespace.");
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var reason = form["reason"].FirstOrDefault();
        if (!Enum.TryParse<EventLabel>(form["label"], out var label) || !Enum.IsDefined(label) || reason?.Length > 1024
            || reason?.Contains('\0') is true)
            return Message(viewer, 400, "Not understood", "A label is Attack, Benign or None.");
        await Labelling.SetAsync(
            api, viewer, found.Row, new LabelRequest(label, string.IsNullOrWhiteSpace(reason) ? null : reason.Trim()),
            context.RequestAborted);
        return Results.Redirect(Show.Link(found.Row));
    }

    private async Task<IResult> ProposeAsync(HttpContext context, string id)
    {
        var viewer = ApiAccess.ViewerOf(context);
        if (await api.FindVisibleAsync(context, id) is not { } found) return NotFound(viewer);
        if (HttpMethods.IsGet(context.Request.Method)) return Page<ExclusionPage>(new { Viewer = viewer, found.Row });
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var reason = form["reason"].FirstOrDefault()?.Trim() ?? "";
        var now = api.Time.GetUtcNow();
        var proposal = reason.Length is < 3 or > 1024
            ? new ExclusionProposal(null, "Say why, in 3 to 1024 characters.")
            : ExclusionProposal.Of(found.Event, RouteTemplate.Of(found.Event.Path), reason, now);
        return Page<ExclusionPage>(new
        {
            Viewer = viewer,
            found.Row,
            Reason = reason,
            proposal.Problem,
            Yaml = proposal.Exclusion is { } exclusion ? ExclusionYaml.Of(exclusion) : null,
            Replay = proposal.Exclusion is null ? null
                : await ExclusionReplay.RunAsync(api.Store, proposal.Exclusion, now, context.RequestAborted),
        });
    }

    private async Task<IResult> AttacksAsync(HttpContext context)
    {
        var scope = await api.ScopeAsync(context);
        var (query, problem) = QueryParameters.Attacks(context.Request.Query, scope);
        var page = query is null ? null : await api.Store.ListAttacksAsync(query, context.RequestAborted);
        return Page<AttacksPage>(
            new
            {
                Viewer = ApiAccess.ViewerOf(context),
                Search = context.Request.QueryString.ToString(),
                Text = context.Request.Query["q"].FirstOrDefault(),
                Kind = context.Request.Query["kind"].FirstOrDefault(),
                scope.IsPartial,
                Problem = problem,
                Next = Next(context, page?.Next),
                Attacks = page?.Items ?? [],
            },
            query is null ? 400 : 200);
    }

    private async Task<IResult> AttackAsync(HttpContext context, long id)
    {
        var viewer = ApiAccess.ViewerOf(context);
        if (await api.FindVisibleAttackAsync(context, id) is not { } found) return NotFound(viewer);
        var events = await api.Store.ListAsync(
            new EventQuery { Scope = AccessScope.Of([found.Key.Namespace]), Attack = id, Limit = ClientEvents },
                context.RequestAborted);
        return Page<AttackPage>(new { Viewer = viewer, Attack = found, Events = events.Items });
    }

    private async Task<IResult> AuditAsync(HttpContext context)
    {
        var viewer = ApiAccess.ViewerOf(context);
        if (!await api.MayAsync(context, ConsoleRight.SeeAudit, null))
            return Message(viewer, 403, "Not allowed",
                "The audit trail needs, in all namespaces: get wafpolicies/audit.");
        return Page<AuditPage>(
            new { Viewer = viewer, Entries = await api.Store.LastAuditAsync(200, context.RequestAborted) });
    }

    private static IResult Css(HttpContext context)
    {
        context.Response.Headers.ETag = Style.Tag;
        return context.Request.Headers.IfNoneMatch == Style.Tag
            ? Results.StatusCode(304) : Results.Bytes(Style.Bytes, "text/css; charset=utf-8");
    }

    private static RazorComponentResult<MessagePage> NotFound(Viewer viewer) =>
        Message(viewer, 404, "Not found", "There is no such thing, or it may not be seen.");

    private static RazorComponentResult<MessagePage> Message(Viewer viewer, int status, string title, string message) =>
        Page<MessagePage>(new { Viewer = viewer, Title = title, Message = message }, status);

    private static RazorComponentResult<T> Page<T>(object parameters, int status = 200)
        where T : IComponent => new(parameters) { StatusCode = status };

    /// <summary>The same page with the cursor of the next one.</summary>
    private static string? Next(HttpContext context, string? cursor) => cursor is null ? null
        : context.Request.Path + QueryString.Create(
            context.Request.Query.Where(p => p.Key != "cursor").Append(new("cursor", cursor)).ToList()).ToString();

    /// <summary>A path of ours to go on to; anything else is the first page.</summary>
    private static string OurPath(string? path) =>
        path is ['/', ..] && !path.StartsWith("//", StringComparison.Ordinal)
            && !path.Contains('\\', StringComparison.Ordinal)
            && !path.Any(char.IsControl) ? path : "/";

    /// <summary>Browsers say where a form comes from; who says nothing is no browser and has no cookie to
    /// lose.</summary>
    private static bool IsOurForm(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].FirstOrDefault() is { } site) return site is "same-origin" or "none";
        return request.Headers.Origin.FirstOrDefault() is not { } origin
            || Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == request.Host.Value;
    }

    private static (byte[], string) ReadStyle()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("site.css")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return (bytes.ToArray(), $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()))[..16]}\"");
    }
}
