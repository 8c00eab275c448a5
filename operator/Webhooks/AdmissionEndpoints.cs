using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using WafOperator.Webhooks.Pods;
using WafOperator.Webhooks.Reviews;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Webhooks;

/// <summary>
/// The HTTP shell of admission: reads a bounded body, asks the reviewer, and always answers with the request's uid.
/// </summary>
public static class AdmissionEndpoints
{
    /// <summary>Path of the mutating webhook for pods.</summary>
    public const string PodsPath = "/mutate/pods";

    /// <summary>Path of the validating webhook for our kinds.</summary>
    public const string ResourcesPath = "/validate/resources";

    /// <summary>Most bytes of a review: two objects of the API server's own limit (3 MiB) and the frame.</summary>
    public const int BodyBytesMax = 8 << 20;

    private delegate ValueTask<AdmissionResponse> Review(AdmissionRequest request, CancellationToken cancellationToken);

    /// <summary>Maps both webhooks.</summary>
    public static void MapAdmission(this IEndpointRouteBuilder endpoints, PodMutator pods, ResourceReviewer resources,
        ILogger logger, SecretUse? secrets = null)
    {
        Map(endpoints, PodsPath, "pods", pods.ReviewAsync, logger);
        Map(endpoints, ResourcesPath, "resources", async (request, cancellationToken) =>
        {
            var response = resources.Review(request);
            return response.Allowed && secrets is not null
                ? await secrets.RefusalAsync(request, cancellationToken) ?? response : response;
        }, logger);
    }

    private static void Map(
        IEndpointRouteBuilder endpoints, string path, string webhook, Review review, ILogger logger) =>
        endpoints.MapPost(path, context => HandleAsync(context, webhook, review, logger));

    private static async Task HandleAsync(
        HttpContext context, string webhook, Review review, ILogger logger)
    {
        var started = Stopwatch.GetTimestamp();
        if (await ReadAsync(context) is not { } body)
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge,
                $"a review has at most {BodyBytesMax} bytes");
            return;
        }
        if (!AdmissionRequest.TryRead(body.Span, out var request, out var uid, out var problem))
        {
            if (uid is null) await RefuseAsync(context, StatusCodes.Status400BadRequest, problem);
            else await AnswerAsync(context, uid,
                new() { Allowed = false, Code = 400, Reason = "BadRequest", Message = problem });
            return;
        }
        var response = await DecideAsync(request!, webhook, review, logger, context.RequestAborted);
        AdmissionMetrics.Reviewed(webhook, response, Stopwatch.GetElapsedTime(started));
        await AnswerAsync(context, request!.Uid, response);
    }

    private static async ValueTask<AdmissionResponse> DecideAsync(
        AdmissionRequest request, string webhook, Review review, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            return await review(request, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException
            || !cancellationToken.IsCancellationRequested)
        {
            // A bug must not become a pod without a sidecar, nor an answer without the uid.
            Log.Failed(logger, webhook, request.Kind, request.Namespace, request.Name, error);
            return AdmissionResponse.Failed();
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > BodyBytesMax) return null;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = BodyBytesMax;
        var body =
            new ArrayBufferWriter<byte>((int)Math.Min(context.Request.ContentLength ?? 16_384, BodyBytesMax) + 1);
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(body.GetMemory(4096), context.RequestAborted);
            if (read == 0) return body.WrittenMemory;
            body.Advance(read);
            if (body.WrittenCount > BodyBytesMax) return null;
        }
    }

    private static async Task AnswerAsync(HttpContext context, string uid, AdmissionResponse response)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        response.Write(uid, body);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message, context.RequestAborted);
    }
}
