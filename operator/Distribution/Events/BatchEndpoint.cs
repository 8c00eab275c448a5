using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;

namespace WafOperator.Distribution.Events;

/// <summary>
/// Gives batches of events to the console (crds/Protocols/Distribution.md): to its own service account and nobody else,
/// as they hold the events of all namespaces.
/// </summary>
public sealed class BatchEndpoint(EventSpool spool, CallerAuthenticator callers, string ns, string serviceAccount)
{
    /// <summary>Header with the name of the batch that an answer holds.</summary>
    public const string NameHeader = "Waf-Batch";

    private const int WaitSecondsMax = 60;

    /// <summary>Maps the calls.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/batches", GetAsync);
        routes.MapDelete("/v1/batches/{name}", DeleteAsync);
    }

    private async Task GetAsync(HttpContext context)
    {
        if (!await IsConsoleAsync(context)) return;
        var wait = int.TryParse(context.Request.Query["wait"].FirstOrDefault(), out var s)
            ? Math.Clamp(s, 0, WaitSecondsMax) : 0;
        if (await spool.TakeAsync(TimeSpan.FromSeconds(wait), context.RequestAborted) is not { } batch)
        {
            context.Response.StatusCode = 204;
            return;
        }

        context.Response.Headers[NameHeader] = batch.Name;
        context.Response.Headers.ContentEncoding = "gzip";
        await Results.File(batch.File, "application/x-ndjson").ExecuteAsync(context);
    }

    private async Task DeleteAsync(HttpContext context, string name)
    {
        if (!await IsConsoleAsync(context)) return;
        context.Response.StatusCode = spool.Remove(name) ? 204 : 404;
    }

    private async Task<bool> IsConsoleAsync(HttpContext context)
    {
        var result = await callers.AuthenticateAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Caller is { } caller && caller.Namespace == ns
            && caller.ServiceAccount == serviceAccount) return true;
        var (status, words) = result.Caller is null
            ? (result.StatusCode, result.Refusal ?? "refused")
            : (403, "batches of events are the console's");
        await Results.Problem(statusCode: status, detail: words).ExecuteAsync(context);
        return false;
    }
}
