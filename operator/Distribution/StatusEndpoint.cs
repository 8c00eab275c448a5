using System.Buffers;
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
/// <param name="callers">Who calls.</param>
/// <param name="sink">What becomes of a status.</param>
/// <param name="within">Time for a whole body; null: five seconds. A sidecar sends its status at once.</param>
public sealed class StatusEndpoint(CallerAuthenticator callers, IStatusSink sink, TimeSpan? within = null)
{
    /// <summary>Longest status, bytes.</summary>
    public const int StatusBytesMax = 512 << 10;

    /// <summary>Most bytes of all statuses that are being received and passed on.</summary>
    private const long BytesMax = 64L * StatusBytesMax;

    /// <summary>Most bytes of those of one namespace.</summary>
    private const long BytesPerNamespaceMax = BytesMax / 4;

    private const int ReadBytes = 16 << 10;

    /// <summary>Header of a replica that passes a status on, so that none goes in circles.</summary>
    public const string RelayedHeader = "Waf-Relayed";

    private static readonly PushAnswer TooLong = new(413, $"a status has at most {StatusBytesMax} bytes");
    private static readonly PushAnswer TooSlow = new(408, "the status did not come in time");
    private static readonly PushAnswer NoRoom = new(
        503, "too many statuses of this namespace are being received; try again");

    private readonly NamespaceRoom _room = new(BytesMax, BytesPerNamespaceMax);
    private readonly TimeSpan _within = within ?? TimeSpan.FromSeconds(5);

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

        using var share = _room.For(caller.Namespace);
        var (json, refusal) = await ReadAsync(context, share);
        var answer = refusal ?? await sink.AcceptAsync(
            new PushedStatus(
                caller.Namespace, pod, json, authorization!, context.Request.Headers.ContainsKey(RelayedHeader)),
            context.RequestAborted);
        if (answer.Refusal is null) context.Response.StatusCode = answer.StatusCode;
        else await ProblemAsync(context, answer);
    }

    /// <summary>The body, or why not. Room is taken for what came, never for what was announced.</summary>
    private async Task<(ReadOnlyMemory<byte> Json, PushAnswer? Refusal)> ReadAsync(
        HttpContext context, NamespaceRoom.Share share)
    {
        if (context.Request.ContentLength > StatusBytesMax) return (default, TooLong);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(_within);
        var body = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                // The writer doubles when it grows: the larger buffer is paid for before it is there.
                if (body.FreeCapacity < ReadBytes && !share.TryTake(Math.Max(body.Capacity, ReadBytes)))
                    return (default, NoRoom);
                var count = await context.Request.Body.ReadAsync(body.GetMemory(ReadBytes), patience.Token);
                if (count == 0) return (body.WrittenMemory, null);
                body.Advance(count);
                if (body.WrittenCount > StatusBytesMax) return (default, TooLong);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return (default, TooSlow);
        }
    }

    private static Task ProblemAsync(HttpContext context, PushAnswer answer) =>
        Results.Problem(statusCode: answer.StatusCode, detail: answer.Refusal ?? "refused").ExecuteAsync(context);
}
