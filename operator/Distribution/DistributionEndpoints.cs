using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Events;
using WafOperator.Distribution.Policies;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution;

/// <summary>The HTTP surface that crds/Protocols/Distribution.md describes.</summary>
public sealed class DistributionEndpoints(
    PolicyStore policies, PolicyStore pools, CallerAuthenticator callers, IEventSink events, EventSpool? spool = null)
{
    private const int WaitSecondsMax = 60;
    private const int EventBytesMax = 1 << 20;
    private const int EventLineBytesMax = 64 << 10;

    /// <summary>How many replicas policies have, where their limits are divided.</summary>
    public PolicyStore? Replicas { get; init; }

    /// <summary>Maps the calls.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/namespaces/{ns}/policies/{name}", (HttpContext context, string ns, string name) =>
            GetDocumentAsync(context, policies, ns, name, "accepted WafPolicy", "wafpolicy"));
        routes.MapGet("/v1/namespaces/{ns}/pools/{name}", (HttpContext context, string ns, string name) =>
            GetDocumentAsync(context, pools, ns, name, "InferencePool", "inferencepool"));
        if (Replicas is { } replicas)
        {
            routes.MapGet("/v1/namespaces/{ns}/replicas/{name}", (HttpContext context, string ns, string name) =>
                GetDocumentAsync(
                    context, replicas, ns, name, "WafPolicy with limits that are divided by replicas", "wafpolicy"));
        }

        routes.MapPost("/v1/events", PostEventsAsync);
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

    private async Task PostEventsAsync(HttpContext context)
    {
        if (await AuthenticateAsync(context) is not { } caller) return;
        if (spool is { HasRoom: false })
        {
            await ProblemAsync(
                context, 503, "the spool of events is full: the console was away for too long; try again");
            return;
        }

        var taken = new List<SecurityEvent>();
        var reader = context.Request.BodyReader;
        long seen = 0;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            var buffer = read.Buffer;
            ReadOnlySequence<byte> line = default;
            while (TryLine(ref buffer, read.IsCompleted, out line))
            {
                seen += line.Length + 1;
                if (line.Length > EventLineBytesMax) break;
                if (!Read(caller, line, taken))
                {
                    await ProblemAsync(context, 400, $"a line is not a security event ({SecurityEvent.FormatVersion})");
                    return;
                }
            }

            if (seen + buffer.Length > EventBytesMax || Math.Max(line.Length, buffer.Length) > EventLineBytesMax)
            {
                await ProblemAsync(context, 413, $"at most {EventBytesMax} bytes a call and {EventLineBytesMax} a line");
                return;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) break;
        }

        await TakeAsync(context, taken);
    }

    /// <summary>All of a call or nothing: its sender sends all of it again.</summary>
    private async Task TakeAsync(HttpContext context, List<SecurityEvent> taken)
    {
        try
        {
            spool?.Append(taken);
        }
        catch (IOException)
        {
            await ProblemAsync(context, 503, "the spool of events cannot be written; try again");
            return;
        }

        foreach (var securityEvent in taken) events.Accept(securityEvent);
        context.Response.StatusCode = 202;
    }

    private static bool Read(Caller caller, ReadOnlySequence<byte> line, List<SecurityEvent> taken)
    {
        if (line.IsEmpty) return true;
        try
        {
            var json = new Utf8JsonReader(line);
            var securityEvent = JsonSerializer.Deserialize<SecurityEvent>(ref json, ProtocolJson.Default.Options);
            if (securityEvent is null || securityEvent.Format != SecurityEvent.FormatVersion) return false;
            // The namespace is the caller's, whatever the line says: a sidecar cannot speak for others.
            taken.Add(securityEvent with { Namespace = caller.Namespace });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryLine(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        line = buffer;
        if (!isLast || buffer.IsEmpty) return false;
        buffer = buffer.Slice(buffer.End);
        return true;
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
