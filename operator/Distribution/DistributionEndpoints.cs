using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Policies;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;

namespace WafOperator.Distribution;

/// <summary>The HTTP surface that crds/Protocols/Distribution.md describes.</summary>
public sealed class DistributionEndpoints(PolicyStore policies, PolicyStore pools, CallerAuthenticator callers)
{
    private const int WaitSecondsMax = 60;

    /// <summary>How many replicas policies have, where their limits are divided.</summary>
    public PolicyStore? Replicas { get; init; }

    /// <summary>The console's service account, which may ask for policies to judge requests by; or null.</summary>
    public Caller? Console { get; init; }

    /// <summary>Maps the calls.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/namespaces/{ns}/policies/{name}", (HttpContext context, string ns, string name) =>
            GetDocumentAsync(context, policies, ns, name, "accepted WafPolicy", "wafpolicy"));
        routes.MapGet("/v1/namespaces/{ns}/pools/{name}", (HttpContext context, string ns, string name) =>
            GetDocumentAsync(context, pools, ns, name, "InferencePool", "inferencepool"));
        if (Console is not null)
            routes.MapGet("/v1/namespaces/{ns}/judging/{name}", GetJudgingAsync);
        if (Replicas is { } replicas)
        {
            routes.MapGet("/v1/namespaces/{ns}/replicas/{name}", (HttpContext context, string ns, string name) =>
                GetDocumentAsync(
                    context, replicas, ns, name, "WafPolicy with limits that are divided by replicas", "wafpolicy"));
        }
    }

    private async Task GetDocumentAsync(
        HttpContext context, PolicyStore store, string ns, string name, string what, string kind)
    {
        if (await AuthenticateAsync(context) is not { } caller) return;
        if (caller.Namespace != ns)
        {
            await ProblemAsync(
                context, 403, $"service accounts of namespace {caller.Namespace} read their own namespace only");
            return;
        }

        var have = context.Request.Query["revision"].FirstOrDefault();
        var wait = int.TryParse(context.Request.Query["wait"].FirstOrDefault(), out var s) ? Math.Clamp(s, 0, WaitSecondsMax) : 0;
        var document = await store.WaitAsync(
            new PolicyKey(ns, name), have, TimeSpan.FromSeconds(wait), context.RequestAborted);
        if (document is null)
        {
            var (status, words) = store.IsSynced
                ? (404, $"there is no {what} {ns}/{name}: see kubectl describe {kind} -n {ns} {name}")
                : (503, "the operator is still reading its resources; try again");
            await ProblemAsync(context, status, words);
            return;
        }

        context.Response.Headers.ETag = $"\"{document.Revision}\"";
        if (document.Revision == have)
        {
            context.Response.StatusCode = 304;
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Json.Length;
        await context.Response.BodyWriter.WriteAsync(document.Json, context.RequestAborted);
    }

    /// <summary>
    /// A policy as single requests are judged by it: to the console and nobody else, without secrets. Its revision is
    /// that of the policy.
    /// </summary>
    private async Task GetJudgingAsync(HttpContext context, string ns, string name)
    {
        if (await AuthenticateAsync(context) is not { } caller) return;
        if (caller.Namespace != Console!.Namespace || caller.ServiceAccount != Console.ServiceAccount)
        {
            await ProblemAsync(context, 403, "policies to judge by are the console's");
            return;
        }

        if (policies.Find(new PolicyKey(ns, name)) is not { } published)
        {
            var (status, words) = policies.IsSynced
                ? (404, $"there is no accepted WafPolicy {ns}/{name}")
                : (503, "the operator is still reading its resources; try again");
            await ProblemAsync(context, status, words);
            return;
        }

        context.Response.Headers.ETag = $"\"{published.Revision}\"";
        if (published.Revision == context.Request.Query["revision"].FirstOrDefault())
        {
            context.Response.StatusCode = 304;
            return;
        }

        var document = JsonSerializer.Deserialize(published.Json.Span, ProtocolJson.Default.PolicyDocument)!;
        var judging = JsonSerializer.SerializeToUtf8Bytes(
            JudgingDocument.Of(document), ProtocolJson.Default.PolicyDocument);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = judging.Length;
        await context.Response.BodyWriter.WriteAsync(judging, context.RequestAborted);
    }

    private async Task<Caller?> AuthenticateAsync(HttpContext context)
    {
        var result = await callers.AuthenticateAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Caller is null) await ProblemAsync(context, result.StatusCode, result.Refusal ?? "refused");
        return result.Caller;
    }

    private static Task ProblemAsync(HttpContext context, int status, string detail) =>
        Results.Problem(statusCode: status, detail: detail).ExecuteAsync(context);
}
