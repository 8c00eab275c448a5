using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;

namespace WafOperator.Distribution;

/// <summary>A status as a sidecar pushed it, and the pod that its token proves.</summary>
/// <param name="Namespace">Namespace of the pod.</param>
/// <param name="Pod">The pod.</param>
/// <param name="Json">What it says of itself.</param>
/// <param name="Authorization">The header it came with, for the replica that leads.</param>
/// <param name="IsRelayed">Another replica passed it on.</param>
public sealed record PushedStatus(
    string Namespace, CallerPod Pod, ReadOnlyMemory<byte> Json, string Authorization, bool IsRelayed);

/// <summary>Outcome of a push, as an HTTP status and words.</summary>
public readonly record struct PushAnswer(int StatusCode, string? Refusal = null);

/// <summary>Receives statuses of sidecars.</summary>
public interface IStatusSink
{
    Task<PushAnswer> AcceptAsync(PushedStatus status, CancellationToken cancellationToken);
}

/// <summary>
/// Takes what sidecars report of themselves (crds/Protocols/Distribution.md). Who reports is what the API server says
/// of the token: a pod speaks for itself only, and a token of no pod for nobody.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Lives as long as the process; no wait handle is made.")]
public sealed class StatusEndpoint(CallerAuthenticator callers, IStatusSink sink)
{
    /// <summary>Longest status, bytes.</summary>
    public const int StatusBytesMax = 512 << 10;

    /// <summary>Statuses that are being received at once; together they hold at most 32 MiB.</summary>
    private const int AtOnceMax = 64;

    /// <summary>Header of a replica that passes a status on, so that none goes in circles.</summary>
    public const string RelayedHeader = "Waf-Relayed";

    private readonly SemaphoreSlim _room = new(AtOnceMax);

    /// <summary>Maps the call.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/status", PostAsync);

    private async Task PostAsync(HttpContext context)
    {
        string? authorization = context.Request.Headers.Authorization;
        var result = await callers.AuthenticateAsync(
            authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Caller is not { } caller)
        {
            await ProblemAsync(context, new PushAnswer(result.StatusCode, result.Refusal));
            return;
        }

        if (caller.Pod is not { } pod)
        {
            await ProblemAsync(context, new PushAnswer(403, "a status needs a token that is bound to its pod"));
            return;
        }

        await _room.WaitAsync(context.RequestAborted);
        try
        {
            var answer = await ReadAsync(context) is { } json
                ? await sink.AcceptAsync(
                    new PushedStatus(
                        caller.Namespace, pod, json, authorization!,
                        context.Request.Headers.ContainsKey(RelayedHeader)),
                    context.RequestAborted)
                : new PushAnswer(413, $"a status has at most {StatusBytesMax} bytes");
            if (answer.Refusal is null) context.Response.StatusCode = answer.StatusCode;
            else await ProblemAsync(context, answer);
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>The body; null when it is too long. Memory is taken for what comes only.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > StatusBytesMax) return null;
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        int count;
        while ((count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (body.Length + count > StatusBytesMax) return null;
            body.Write(buffer, 0, count);
        }

        return body.ToArray();
    }

    private static Task ProblemAsync(HttpContext context, PushAnswer answer) =>
        Results.Problem(statusCode: answer.StatusCode, detail: answer.Refusal ?? "refused").ExecuteAsync(context);
}
