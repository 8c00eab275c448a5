using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Policies;

namespace WafOperator.Distribution;

/// <summary>
/// Serves what the replicas of a policy learned together (crds/Protocols/Distribution.md). No waiting: sidecars ask now
/// and then.
/// </summary>
public sealed class LearningEndpoint(PolicyStore learned, CallerAuthenticator callers)
{
    /// <summary>Maps the call.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/namespaces/{ns}/learning/{name}", GetAsync);

    private async Task GetAsync(HttpContext context, string ns, string name)
    {
        var result = await callers.AuthenticateAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        var (status, words) = result.Caller is null ? (result.StatusCode, result.Refusal ?? "refused")
            : result.Caller.Namespace != ns
                ? (403, $"service accounts of namespace {result.Caller.Namespace} read their own namespace only")
            : (404, $"nothing was learned for the policy {ns}/{name} yet, or this replica does not lead");
        if (status != 404 || learned.Find(new PolicyKey(ns, name)) is not { } document)
        {
            await Results.Problem(statusCode: status, detail: words).ExecuteAsync(context);
            return;
        }

        context.Response.Headers.ETag = $"\"{document.Revision}\"";
        if (document.Revision == context.Request.Query["revision"].FirstOrDefault())
        {
            context.Response.StatusCode = 304;
            return;
        }

        context.Response.ContentType = "text/plain; charset=us-ascii";
        context.Response.ContentLength = document.Json.Length;
        await context.Response.BodyWriter.WriteAsync(document.Json, context.RequestAborted);
    }
}
