using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using WafOperator.Distribution.Callers;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>
/// Takes security events of sidecars (crds/Protocols/Distribution.md). A line that is none is left out, counted and
/// said, and never its neighbours. Calls are bounded in all and for each namespace by the most that one may hold, and
/// each has an end: pods of a namespace that send much, or slowly, take nothing from others.
/// </summary>
/// <param name="callers">Who calls.</param>
/// <param name="events">Counts what was taken.</param>
/// <param name="spool">Where events wait for the console; null: they are counted only.</param>
/// <param name="within">Time for a whole body; null: five seconds. A sidecar sends its events at once.</param>
public sealed class EventsEndpoint(
    CallerAuthenticator callers, IEventSink events, EventSpool? spool, TimeSpan? within = null)
{
    /// <summary>Longest body, bytes.</summary>
    public const int BodyBytesMax = 1 << 20;

    /// <summary>Calls of one namespace at once.</summary>
    public const int CallsPerNamespaceMax = 16;

    /// <summary>Calls at once.</summary>
    public const int CallsMax = 64;

    /// <summary>Header with the number of lines that were left out.</summary>
    public const string DroppedHeader = "Waf-Dropped";

    /// <summary>Lines of a call that may be left out; with more of them it is no sidecar's.</summary>
    private const int DroppedMax = 100;

    private const int RetrySeconds = 1;
    private const int FullRetrySeconds = 5;

    private readonly NamespaceRoom _room = new(
        (long)CallsMax * BodyBytesMax, (long)CallsPerNamespaceMax * BodyBytesMax);

    private readonly TimeSpan _within = within ?? TimeSpan.FromSeconds(5);

    /// <summary>Maps the call.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/events", PostAsync);

    private async Task PostAsync(HttpContext context)
    {
        var result = await callers.AuthenticateAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Caller is not { } caller)
        {
            await ProblemAsync(context, result.StatusCode, result.Refusal ?? "refused");
            return;
        }

        using var share = _room.For(caller.Namespace);
        if (!share.TryTake(BodyBytesMax))
        {
            await ProblemAsync(
                context, 429, "too many calls with events are being received; try again", RetrySeconds);
            return;
        }

        if (spool?.HasRoomFor(caller.Namespace) is false) await FullAsync(context);
        else await TakeAsync(context, caller.Namespace);
    }

    private async Task TakeAsync(HttpContext context, string ns)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(_within);
        var taken = new EventBatch(ns);
        try
        {
            if (await ReadAsync(context.Request.BodyReader, taken, patience.Token) is { } status)
            {
                CountDropped(taken);
                await ProblemAsync(context, status, status == 413 ? $"at most {BodyBytesMax} bytes a call"
                    : $"more than {DroppedMax} lines are no security events ({SecurityEvent.FormatVersion})");
                return;
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await ProblemAsync(context, 408, "the events did not come in time");
            return;
        }

        await KeepAsync(context, taken);
    }

    /// <summary>All of a call or nothing, but for lines that never could be taken: its sender sends all of it
    /// again.</summary>
    private async Task KeepAsync(HttpContext context, EventBatch taken)
    {
        try
        {
            if (spool?.Append(taken.Namespace, taken.Lines) is false)
            {
                await FullAsync(context);
                return;
            }
        }
        catch (IOException)
        {
            await ProblemAsync(
                context, 503, "the spool of events cannot be written; try again", FullRetrySeconds);
            return;
        }

        foreach (var securityEvent in taken.Events) events.Accept(securityEvent);
        CountDropped(taken);
        if (taken.Dropped.Count > 0 && taken.Events.Count == 0)
        {
            // Nothing in it is of use: that is a sender's mistake, and it should hear of it.
            var isLong = taken.Dropped.TrueForAll(static reason => reason == EventLine.TooLong);
            await ProblemAsync(context, isLong ? 413 : 400, isLong ? $"at most {EventBounds.LineBytesMax} bytes a line"
                : $"no line is a security event ({SecurityEvent.FormatVersion})");
            return;
        }

        if (taken.Dropped.Count > 0)
            context.Response.Headers[DroppedHeader] = taken.Dropped.Count.ToString(
                System.Globalization.CultureInfo.InvariantCulture);
        context.Response.StatusCode = 202;
    }

    private void CountDropped(EventBatch taken)
    {
        foreach (var reason in taken.Dropped) events.Drop(taken.Namespace, reason);
    }

    /// <summary>Reads a body to its end; the status to refuse all of it with, or null.</summary>
    private static async Task<int?> ReadAsync(PipeReader reader, EventBatch taken, CancellationToken cancellationToken)
    {
        long seen = 0;
        var isSkipping = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            var before = buffer.Length;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                if (taken.Dropped.Count > DroppedMax) return 400;
                if (!isSkipping) taken.Add(buffer.Slice(0, end));
                isSkipping = false;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (isSkipping || buffer.Length > EventBounds.LineBytesMax)
            {
                if (!isSkipping) taken.Drop(EventLine.TooLong);
                isSkipping = true;
                buffer = buffer.Slice(buffer.End);
            }

            seen += before - buffer.Length;
            if (seen + buffer.Length > BodyBytesMax) return 413;
            if (read.IsCompleted && !isSkipping) taken.Add(buffer);
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) return null;
        }
    }

    private static Task FullAsync(HttpContext context) => ProblemAsync(
        context, 503, "the namespace's part of the spool is full: the console was away for too long, or does not keep "
            + "up with this namespace; try again", FullRetrySeconds);

    private static Task ProblemAsync(HttpContext context, int status, string detail, int? retrySeconds = null)
    {
        if (retrySeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Results.Problem(statusCode: status, detail: detail).ExecuteAsync(context);
    }

    /// <summary>What was read of a call. Lists are bounded by the body's length.</summary>
    private sealed class EventBatch(string ns)
    {
        private readonly ArrayBufferWriter<byte> _lines = new();

        public string Namespace => ns;

        /// <summary>Events for counting, without what is long in them.</summary>
        public List<SecurityEvent> Events { get; } = [];

        /// <summary>Why lines were left out, one word each.</summary>
        public List<string> Dropped { get; } = [];

        public ReadOnlyMemory<byte> Lines => _lines.WrittenMemory;

        public void Drop(string reason) => Dropped.Add(reason);

        public void Add(ReadOnlySequence<byte> line)
        {
            if (line.IsEmpty) return;
            if (line.Length > EventBounds.LineBytesMax)
            {
                Drop(EventLine.TooLong);
                return;
            }

            var (read, written, refusal) = EventLine.Read(line, ns);
            if (read is null)
            {
                Drop(refusal!);
                return;
            }

            _lines.Write(written);
            _lines.Write("\n"u8);
            Events.Add(read with { Rules = [], Models = [], Exclusions = [], Coverage = null, Message = null });
        }
    }
}
