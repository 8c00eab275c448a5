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

    /// <summary>Path of the validating webhook for changes of pods.</summary>
    public const string PodChangesPath = "/validate/pods";

    /// <summary>Path of the validating webhook for our kinds.</summary>
    public const string ResourcesPath = "/validate/resources";

    /// <summary>
    /// Most bytes of a review: two objects as large as etcd takes them (1.5 MiB). The body is bounded, and so are all
    /// bodies together (<see cref="ReviewRoom"/>).
    /// </summary>
    public const int BodyBytesMax = 3 << 20;

    /// <summary>Time for a whole body: the API server sends it at once.</summary>
    private static readonly TimeSpan BodyWithin = TimeSpan.FromSeconds(5);

    private const int ReadBytes = 16 << 10;

    private delegate ValueTask<AdmissionResponse> Review(AdmissionRequest request, CancellationToken cancellationToken);

    /// <summary>Maps all webhooks.</summary>
    public static void MapAdmission(this IEndpointRouteBuilder endpoints, PodMutator pods, PodChangeReviewer changes,
        ResourceReviewer resources, ILogger logger, SecretUse? secrets = null)
    {
        var room = new ReviewRoom(ReviewRoom.BytesMaxDefault, TimeProvider.System);
        Map(endpoints, PodsPath, new Webhook("pods", pods.ReviewAsync, room, logger));
        Map(endpoints, PodChangesPath,
            new Webhook("pod-changes", (request, _) => ValueTask.FromResult(changes.Review(request)), room, logger));
        Map(endpoints, ResourcesPath, new Webhook("resources", ReviewResourceAsync, room, logger));

        async ValueTask<AdmissionResponse> ReviewResourceAsync(
            AdmissionRequest request, CancellationToken cancellationToken)
        {
            var response = resources.Review(request);
            return response.Allowed && secrets is not null
                ? await secrets.RefusalAsync(request, cancellationToken) ?? response : response;
        }
    }

    /// <summary>One of the webhooks with what they share.</summary>
    private sealed record Webhook(string Name, Review Review, ReviewRoom Room, ILogger Logger);

    private static void Map(IEndpointRouteBuilder endpoints, string path, Webhook webhook) =>
        endpoints.MapPost(path, context => HandleAsync(context, webhook));

    private static async Task HandleAsync(HttpContext context, Webhook webhook)
    {
        var started = Stopwatch.GetTimestamp();
        using var share = webhook.Room.For(context.Connection.RemoteIpAddress);
        var (body, refusal) = await ReadAsync(context, share);
        if (refusal is { } status)
        {
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(context, status, status switch
            {
                StatusCodes.Status413PayloadTooLarge => $"a review has at most {BodyBytesMax} bytes",
                StatusCodes.Status408RequestTimeout => "the review did not come in time",
                _ => "too many reviews at once; try again",
            });
            return;
        }
        if (!AdmissionRequest.TryRead(body.Span, out var request, out var uid, out var problem))
        {
            if (uid is null) await RefuseAsync(context, StatusCodes.Status400BadRequest, problem);
            else await AnswerAsync(context, uid,
                new() { Allowed = false, Code = 400, Reason = "BadRequest", Message = problem });
            return;
        }
        var response = await DecideAsync(
            request!, webhook.Name, webhook.Review, webhook.Logger, context.RequestAborted);
        AdmissionMetrics.Reviewed(webhook.Name, response, Stopwatch.GetElapsedTime(started));
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

    /// <summary>
    /// The body, or the status to refuse it with. Room is taken for what came, never for what was announced.
    /// </summary>
    private static async Task<(ReadOnlyMemory<byte> Body, int? Refusal)> ReadAsync(
        HttpContext context, ReviewRoom.Share share)
    {
        if (context.Request.ContentLength > BodyBytesMax) return (default, StatusCodes.Status413PayloadTooLarge);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = BodyBytesMax;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(BodyWithin);
        var body = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                // The writer doubles when it grows: the larger buffer is paid for before it is there.
                if (body.FreeCapacity < ReadBytes && !await share.TakeAsync(
                    Math.Max(body.Capacity, ReadBytes), patience.Token))
                    return (default, StatusCodes.Status429TooManyRequests);
                var read = await context.Request.Body.ReadAsync(body.GetMemory(ReadBytes), patience.Token);
                if (read == 0) return (body.WrittenMemory, null);
                body.Advance(read);
                if (body.WrittenCount > BodyBytesMax) return (default, StatusCodes.Status413PayloadTooLarge);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return (default, StatusCodes.Status408RequestTimeout);
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
