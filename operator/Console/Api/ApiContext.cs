using WafOperator.Console.Access;
using WafOperator.Console.Store;

namespace WafOperator.Console.Api;

/// <summary>What endpoints work with.</summary>
public sealed record ApiContext(IEventStore Store, Gatekeeper Gate, TimeProvider Time);

/// <summary>An event, and the other namespaces that the viewer sees an event of the same id in.</summary>
internal sealed record VisibleEvent(StoredEvent Stored, IReadOnlyList<string> AlsoIn)
{
    public EventRow Row => Stored.Row;

    public Protocols.Events.SecurityEvent Event => Stored.Event;
}

/// <summary>Signing in of a request, and refusals as RFC 9457 problems.</summary>
internal static class ApiAccess
{
    private static readonly object ViewerKey = new();

    /// <summary>Maps a handler whose result is the answer, also one that takes nothing but the context.</summary>
    public static RouteHandlerBuilder OnGet(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        routes.MapGet(pattern, handler);

    /// <summary>The same for POST.</summary>
    public static RouteHandlerBuilder OnPost(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        routes.MapPost(pattern, handler);

    /// <summary>Middleware: a bearer token in front of everything below it.</summary>
    public static async Task RequireTokenAsync(HttpContext context, RequestDelegate next, Gatekeeper gate)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..]
            .Trim() : null;
        var result = await gate.SignInAsync(
            token, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Viewer is null)
        {
            if (result.StatusCode == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problem(result.StatusCode, result.Refusal ?? "refused").ExecuteAsync(context);
            return;
        }

        SetViewer(context, result.Viewer);
        await next(context);
    }

    public static void SetViewer(HttpContext context, Viewer viewer) => context.Items[ViewerKey] = viewer;

    public static Viewer ViewerOf(HttpContext context) => (Viewer)context.Items[ViewerKey]!;

    /// <summary>Turns what the store or the API server could not answer into 503.</summary>
    public static async Task AnswerFailuresAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception failure) when (failure is StoreException or AccessUnavailableException
            && !context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.Headers.RetryAfter = "5";
            var words = failure is StoreException ? "the event store cannot be asked at present" : failure.Message;
            await Problem(503, words).ExecuteAsync(context);
        }
    }

    /// <summary>A problem document. The same words for what is not there and what may not be seen.</summary>
    public static IResult Problem(int status, string detail) => Results.Problem(statusCode: status, detail: detail);

    public static IResult NotFound(string what) => Problem(404, $"there is no such {what}, or it may not be seen");

    /// <summary>Whether the viewer has a right in a namespace, or in all.</summary>
    public static async Task<bool> MayAsync(this ApiContext api, HttpContext context, ConsoleRight right, string? ns)
    {
        var viewer = ViewerOf(context);
        return await api.Gate.MayAsync(viewer, right, null, context.RequestAborted)
            || ns is not null && await api.Gate.MayAsync(viewer, right, ns, context.RequestAborted);
    }

    /// <summary>Namespaces that are looked at for one id, where somebody made up ids that are others'.</summary>
    private const int NamespacesOfIdMax = 32;

    /// <summary>
    /// The event of an id that the viewer may see, or null: that of <c>?namespace=</c>, else the one that came first.
    /// </summary>
    public static async Task<VisibleEvent?> FindVisibleAsync(this ApiContext api, HttpContext context, string id)
    {
        if (!Intake.EventPreparation.IsId(id)) return null;
        var named = context.Request.Query["namespace"].FirstOrDefault();
        var seen = new List<string>();
        foreach (var ns in await api.Store.NamespacesOfAsync(id, NamespacesOfIdMax, context.RequestAborted))
        {
            if (await api.MayAsync(context, ConsoleRight.SeeEvents, ns)) seen.Add(ns);
        }

        var chosen = string.IsNullOrEmpty(named) ? seen.FirstOrDefault() : seen.Find(ns => ns == named);
        return chosen is not null && await api.Store.FindAsync(chosen, id, context.RequestAborted) is { } found
            ? new VisibleEvent(found, [.. seen.Where(ns => ns != chosen)]) : null;
    }

    /// <summary>An attack that the viewer may see, or null.</summary>
    public static async Task<AttackGroup?> FindVisibleAttackAsync(this ApiContext api, HttpContext context, long id)
    {
        var found = await api.Store.FindAttackAsync(id, context.RequestAborted);
        return found is not null && await api.MayAsync(context, ConsoleRight.SeeEvents, found.Key.Namespace) ? found
            : null;
    }

    /// <summary>Says what an answer leaves out: <c>namespaces</c> that nobody has asked about yet.</summary>
    public const string PartialHeader = "Waf-Partial";

    /// <summary>What the viewer may see of what is asked about.</summary>
    public static async Task<AccessScope> ScopeAsync(this ApiContext api, HttpContext context)
    {
        var scope = await api.Gate.ScopeOfAsync(
            ViewerOf(context), context.Request.Query["namespace"].FirstOrDefault(), context.RequestAborted);
        if (scope.IsPartial) context.Response.Headers[PartialHeader] = "namespaces";
        return scope;
    }
}
