using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WafOperator.Models.Server.Telemetry;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;
using WafOperator.Telemetry;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>The server's paths (crds/Protocols/Inference/README.md). Thread-safe.</summary>
internal sealed partial class ServerApplication(
    InferEndpoint infer, ModelPages models, ServerMeters meters, MetricsPage metrics,
    Func<PoolServerStatus> status, CallerCheck callers, ILogger<ServerApplication> logger)
{
    private const int SegmentsMax = 8;

    /// <summary>Answers one request; failures become errors of the protocol.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            await RouteAsync(http);
        }
        catch (RefusedException refused)
        {
            await RefuseAsync(http, refused);
        }
        catch (BadHttpRequestException broken)
        {
            if (!http.Response.HasStarted) http.Response.StatusCode = broken.StatusCode;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException
            && http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            LogFailed(logger, failure);
            await RefuseAsync(
                http, new RefusedException(InferenceErrorCode.ModelFailed, "the server failed on this request"));
        }
    }

    private Task RouteAsync(HttpContext http)
    {
        var path = (http.Request.Path.Value ?? "").Split('/', SegmentsMax + 1, StringSplitOptions.RemoveEmptyEntries);
        // Before anything is read: who has no key takes neither memory nor a place in the queue.
        if (path is ["v2", "models" or "repository", ..]) callers.Check(http);
        return path switch
        {
            ["v2", "models", var m, "infer"] => Post(http, () => infer.HandleAsync(http, models.Name(m), null)),
            ["v2", "models", var m, "versions", var v, "infer"] =>
                Post(http, () => infer.HandleAsync(http, models.Name(m), models.Name(v))),
            ["v2", "health", "live"] => Get(http, () => TextAsync(http, 200, "ok")),
            ["v2", "health", "ready"] => Get(http, () => ReadyAsync(http)),
            ["v2"] => Get(http, () => JsonAsync(http, models.Server())),
            ["v2", "models", var m] => Get(http, () => JsonAsync(http, models.Metadata(m, null))),
            ["v2", "models", var m, "versions", var v] => Get(http, () => JsonAsync(http, models.Metadata(m, v))),
            ["v2", "models", var m, "ready"] => Get(http, () => ModelReadyAsync(http, m, null)),
            ["v2", "models", var m, "versions", var v, "ready"] => Get(http, () => ModelReadyAsync(http, m, v)),
            ["v2", "repository", "index"] =>
                Post(http, async () => await JsonAsync(http, await models.IndexAsync(http))),
            ["v2", "repository", "models", var m, "load"] => Post(http, () => models.LoadAsync(http, m)),
            ["v2", "repository", "models", var m, "unload"] => Post(http, () => models.UnloadAsync(m)),
            ["metrics"] => Get(http, () => MetricsAsync(http)),
            ["status"] => Get(http, () => JsonAsync(http, status())),
            _ => throw new RefusedException(InferenceErrorCode.NotFound, "there is nothing at this path"),
        };
    }

    private Task ReadyAsync(HttpContext http)
    {
        var reason = status().NotReady;
        return TextAsync(http, reason is null ? 200 : 503, reason ?? "ok");
    }

    private Task ModelReadyAsync(HttpContext http, string model, string? version)
    {
        var reason = models.NotReady(model, version);
        return TextAsync(http, reason is null ? 200 : 503, reason ?? "ok");
    }

    private static Task Get(HttpContext http, Func<Task> answer) =>
        HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            ? answer()
            : throw Method("GET");

    private static Task Post(HttpContext http, Func<Task> answer) =>
        HttpMethods.IsPost(http.Request.Method) ? answer() : throw Method("POST");

    private static RefusedException Method(string method) =>
        new(InferenceErrorCode.MethodNotAllowed, $"this path takes {method}");

    private static async Task TextAsync(
        HttpContext http, int code, string text, string type = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = type;
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    private async Task MetricsAsync(HttpContext http)
    {
        http.Response.ContentType = MetricsPage.ContentType;
        await http.Response.BodyWriter.WriteAsync(metrics.Write(), http.RequestAborted);
    }

    private static async Task JsonAsync<T>(HttpContext http, T value)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, ProtocolJson.Default.Of<T>());
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        CallerCheck.Prove(http, json);
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }

    private async Task RefuseAsync(HttpContext http, RefusedException refused)
    {
        meters.Answered(refused.Code);
        if (http.Response.HasStarted) return;
        http.Response.Clear();
        http.Response.StatusCode = InferenceError.StatusOf(refused.Code);
        if (http.Response.StatusCode == 503) http.Response.Headers.RetryAfter = "1";
        await JsonAsync(http, new InferenceError { Error = refused.Message, Code = refused.Code });
    }

    [LoggerMessage(730, LogLevel.Error, "a request failed in the server itself")]
    private static partial void LogFailed(ILogger logger, Exception failure);
}
