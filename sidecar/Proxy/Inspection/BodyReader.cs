using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using WafOperator.Http;
using WafOperator.Proxy.Bodies;

namespace WafOperator.Proxy.Inspection;

/// <summary>How reading a body for inspection ended.</summary>
internal enum BodyReading
{
    /// <summary>All of it is held.</summary>
    Whole,

    /// <summary>The beginning is held, more is coming.</summary>
    Beginning,

    /// <summary>The same, because the client paused for longer than a body is held back.</summary>
    Paused,

    /// <summary>It is longer than is held, and was to be refused then.</summary>
    TooLong,

    /// <summary>All requests together hold too much.</summary>
    NoRoom,
}

/// <summary>Reads as much of a body as the plan says, into the canonical request and into memory for sending it on.</summary>
internal static class BodyReader
{
    /// <param name="context">The request.</param>
    /// <param name="plan">How much is read.</param>
    /// <param name="canonical">Receives the bytes for inspection.</param>
    /// <param name="held">Receives the bytes for sending on.</param>
    /// <param name="peekMax">
    /// How long a body is waited for in <see cref="BodyHandling.Peek"/>; null waits for the end of the window, or
    /// until the server's bound on slow bodies ends the request.
    /// </param>
    public static async ValueTask<BodyReading> ReadAsync(
        HttpContext context, BodyPlan plan, CanonicalRequest canonical, HeldBody held, TimeSpan? peekMax)
    {
        var reader = context.Request.BodyReader;
        var peek = plan.Handling is BodyHandling.Peek && peekMax is { } patience
            ? Task.Delay(patience, context.RequestAborted)
            : null;
        while (true)
        {
            var (read, isCut) = peek is null
                ? (await reader.ReadAsync(context.RequestAborted), false)
                : await ReadOrCutAsync(reader, peek, context.RequestAborted);
            var room = plan.BytesMax - held.Length;
            var taken = read.Buffer.Length <= room ? read.Buffer : read.Buffer.Slice(0, room);
            var before = held.Length;
            var isTaken = Take(taken, canonical, held);
            var isMore = taken.Length < read.Buffer.Length;
            // What there was no room for stays where it is: the application may get it all the same.
            reader.AdvanceTo(isTaken ? taken.End : taken.GetPosition(held.Length - before));
            if (!isTaken) return BodyReading.NoRoom;
            if (isCut && !read.IsCanceled) Forget(reader);
            if (isMore) return plan.Handling is BodyHandling.HoldOrRefuse ? BodyReading.TooLong : BodyReading.Beginning;
            if (read.IsCompleted) return BodyReading.Whole;
            if (read.IsCanceled || isCut) return BodyReading.Paused;
        }
    }

    /// <summary>A read that is ended when it waits longer than a stream may be held back; tells whether it was.</summary>
    private static async ValueTask<(ReadResult Read, bool IsCut)> ReadOrCutAsync(
        PipeReader reader, Task peek, CancellationToken cancellationToken)
    {
        var pending = reader.ReadAsync(cancellationToken).AsTask();
        if (pending.IsCompleted || await Task.WhenAny(pending, peek) == pending) return (await pending, false);
        reader.CancelPendingRead();
        return (await pending, true);
    }

    /// <summary>The read had just ended when it was cut: takes the cancellation away from whoever reads next.</summary>
    private static void Forget(PipeReader reader)
    {
        if (reader.TryRead(out var read)) reader.AdvanceTo(read.Buffer.Start);
    }

    private static bool Take(in ReadOnlySequence<byte> bytes, CanonicalRequest canonical, HeldBody held)
    {
        foreach (var segment in bytes)
        {
            var before = held.Length;
            var isTaken = held.TryAppend(segment.Span);
            canonical.AppendBody(segment.Span[..(int)(held.Length - before)]);
            if (!isTaken) return false;
        }

        return true;
    }
}
