using System.ComponentModel;
using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using WafOperator.Console.Access;
using WafOperator.Console.Api;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Analysis;

/// <summary>
/// Requests that are judged by a policy, by the sidecar's own code: nothing is forwarded, counted or stored. What a
/// client did before, and how often, is not known here.
/// </summary>
public sealed class AnalyzeApi(ApiContext api, Judges? judges, AnalyzeOptions? options)
{
    private readonly AnalyzeTurns _turns = new();

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/analyze", AnalyzeAsync)
            .WithSummary("Judges requests by a policy, as a sidecar would; nothing is forwarded or stored")
            .Produces<AnalysisAnswer>().ProducesProblem(400).ProducesProblem(403).ProducesProblem(404)
            .ProducesProblem(413).ProducesProblem(415).ProducesProblem(429).ProducesProblem(503)
            .AddOpenApiOperationTransformer(Describe);

    private async Task<IResult> AnalyzeAsync(
        HttpContext context,
        [Description("Namespace of the policy")] string? @namespace = null,
        [Description("Name of the policy; without both, the default one")] string? policy = null,
        [Description("Address of the client, for requests that name none")] string? client = null)
    {
        if (judges is null) return ApiAccess.Problem(404, "this console analyzes no requests (console.analyze)");
        if (NameOf(@namespace, policy) is not { } name)
            return ApiAccess.Problem(400, "namespace and policy: names of Kubernetes; there is no default policy");
        if (!IPAddress.TryParse(client ?? "127.0.0.1", out var from))
            return ApiAccess.Problem(400, "client: an IP address");
        if (!await api.MayAsync(
            context, ConsoleRight.Analyze, name.Namespace.Length > 0 ? name.Namespace : null))
            return ApiAccess.Problem(403, "analyzing needs, in the policy's namespace: create wafpolicies/analyze");
        if (AnalyzedRequests.FormatOf(context.Request.ContentType) is not { } format)
        {
            return ApiAccess.Problem(
                415, "send application/json, application/har+json, application/x-ndjson or message/http");
        }

        if (_turns.Take(ApiAccess.ViewerOf(context).Name) is not { } turn)
        {
            context.Response.Headers.RetryAfter = "1";
            return ApiAccess.Problem(
                429,
                $"at most {AnalyzeLimits.CallsPerUserMax} calls of a user and {AnalyzeLimits.CallsMax} in all at once");
        }

        using (turn)
        {
            var (body, problem) = await ReadAsync(context);
            if (body is null) return problem!;
            var read = AnalyzedRequests.Read(body, format);
            return read.Refusal is var (status, words) ? ApiAccess.Problem(status, words)
                : await JudgeAsync(context, name, read, from);
        }
    }

    private async Task<IResult> JudgeAsync(
        HttpContext context, PolicyName name, AnalyzedRequests read, IPAddress client)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(AnalyzeLimits.Within);
        var results = new List<AnalysisAnswer>(read.Requests.Count);
        try
        {
            using var lease = await judges!.RentAsync(name, patience.Token);
            if (lease is null) return ApiAccess.NotFound("policy");
            foreach (var request in read.Requests)
            {
                var judged = await lease.Judge.JudgeAsync(
                    request.Bytes, request.Client ?? client, patience.Token);
                results.Add(AnalysisShape.Of(judged, lease.Revision, request.Line, api.Time.GetUtcNow()));
            }
        }
        catch (JudgesException refusal)
        {
            if (refusal.IsPassing) context.Response.Headers.RetryAfter = "5";
            return ApiAccess.Problem(refusal.IsPassing ? 503 : 422, refusal.Message);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException
            && !context.RequestAborted.IsCancellationRequested)
        {
            // What was judged until then is told, and how many were not.
            if (results.Count == 0)
                return ApiAccess.Problem(
                    503, $"no request was judged within {AnalyzeLimits.Within.TotalSeconds} seconds");
        }

        if (!read.IsList) return Results.Ok(results[0]);
        return Results.Ok(new AnalysisList(
            results.Count, results.Count(result => result.Recommendation == "BLOCK"), results)
        {
            NotJudged = read.Requests.Count - results.Count, LeftOut = read.LeftOut.Count,
            Problems = read.LeftOut.Kept,
        });
    }

    private PolicyName? Default => options switch
    {
        { DefaultPolicy: { } named } when named.Split('/') is [var ns, var name] => new PolicyName(ns, name),
        { DefaultPolicy: { } name, PolicyFile: not null } => new PolicyName("", name),
        { PolicyFile: not null } => new PolicyName("", ""),
        _ => null,
    };

    private PolicyName? NameOf(string? ns, string? policy)
    {
        if (string.IsNullOrEmpty(ns) && string.IsNullOrEmpty(policy)) return Default;
        // Names within a cluster are those of a namespace; a file may name none.
        return IsName(ns) && IsName(policy) && !string.IsNullOrEmpty(policy)
            && (!string.IsNullOrEmpty(ns) || options!.PolicyFile is not null)
            ? new PolicyName(ns ?? "", policy) : null;
    }

    private static bool IsName(string? name) => name is null || name.Length <= AnalyzeLimits.NameMax
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');

    private static async Task<(byte[]? Body, IResult? Problem)> ReadAsync(HttpContext context)
    {
        var size = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (size is { IsReadOnly: false }) size.MaxRequestBodySize = AnalyzeLimits.BytesMax;
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            return (body.ToArray(), null);
        }
        catch (BadHttpRequestException broken)
        {
            return (null, ApiAccess.Problem(broken.StatusCode, broken.StatusCode == 413
                ? $"a call has at most {AnalyzeLimits.BytesMax} bytes" : "the body ended before its time"));
        }
    }

    private static Task Describe(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Description =
            "A body of one request (application/json, message/http) is answered with one judgement; "
            + "several (HAR, JSON lines) with a list. At most "
            + $"{AnalyzeLimits.BytesMax} bytes, {AnalyzeLimits.RequestsMax} requests and "
            + $"{AnalyzeLimits.Within.TotalSeconds} seconds a call.";
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = Of(JsonSchemaType.Object,
                    "{\"request\": {method, uri, query_params, headers, body, source_ip}}, or {method, uri, headers, "
                    + "body, client}; a HAR file as well"),
                ["application/har+json"] = Of(JsonSchemaType.Object, "A HAR file (log.entries)"),
                ["application/x-ndjson"] = Of(JsonSchemaType.String, "One such object a line"),
                ["message/http"] = Of(JsonSchemaType.String, "One request, as it goes over the wire of HTTP/1.1"),
            },
        };
        return Task.CompletedTask;

        static OpenApiMediaType Of(JsonSchemaType type, string words) =>
            new() { Schema = new OpenApiSchema { Type = type, Description = words } };
    }
}

/// <summary>Who may have how many calls at once. Thread-safe.</summary>
internal sealed class AnalyzeTurns
{
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _calls;

    /// <summary>A turn, given back by disposing of it; null when there is none.</summary>
    public IDisposable? Take(string user)
    {
        lock (_lock)
        {
            var own = _users.GetValueOrDefault(user);
            if (_calls >= AnalyzeLimits.CallsMax || own >= AnalyzeLimits.CallsPerUserMax) return null;
            _calls++;
            _users[user] = own + 1;
        }

        return new Turn(this, user);
    }

    private void Return(string user)
    {
        lock (_lock)
        {
            _calls--;
            if (--_users[user] == 0) _users.Remove(user);
        }
    }

    private sealed class Turn(AnalyzeTurns turns, string user) : IDisposable
    {
        private int _isReturned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReturned, 1) == 0) turns.Return(user);
        }
    }
}
