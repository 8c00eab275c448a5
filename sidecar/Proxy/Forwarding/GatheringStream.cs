using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// A long request body on its way through. Where its bytes arrive, each piece of some kilobytes would be sent on as
/// soon
/// as it has come, a system call for each. Here whoever waits is woken by the first piece and takes what has gathered
/// until the thread pool gets to it; nothing waits for more. Not thread-safe.
/// </summary>
internal sealed class GatheringStream(PipeReader reader) : ReadOnlyStream
{
    /// <summary>
    /// Gathers the request's body if it is or may be long; tells whether. Streams in both directions stay.
    /// </summary>
    public static bool Gather(HttpContext context)
    {
        var request = context.Request;
        var isLong = request.ContentLength is { } length
            ? SocketThreads.IsLong(length)
            : request.Headers.TransferEncoding.Count > 0;
        if (!isLong || DuplexStreams.IsDuplex(context)) return false;
        request.Body = new GatheringStream(request.BodyReader);
        return true;
    }

    /// <summary>An empty buffer waits for bytes and takes none: the forwarder holds no buffer while it waits.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        reader.TryRead(out var read) && HasCome(read)
            ? ValueTask.FromResult(Take(read, buffer.Span))
            : WaitAsync(buffer, cancellationToken);

    private async ValueTask<int> WaitAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (!HasCome(read)) continue;
            if (!SocketThreads.IsOne) return Take(read, buffer.Span);
            reader.AdvanceTo(read.Buffer.Start);
            await SocketThreads.LeaveAsync();
        }
    }

    /// <summary>False when it was woken for nothing.</summary>
    private bool HasCome(in ReadResult read)
    {
        if (read.IsCanceled) throw new OperationCanceledException();
        if (read.IsCompleted || !read.Buffer.IsEmpty) return true;
        reader.AdvanceTo(read.Buffer.Start);
        return false;
    }

    private int Take(in ReadResult read, Span<byte> destination)
    {
        var count = (int)Math.Min(read.Buffer.Length, destination.Length);
        var taken = read.Buffer.Slice(0, count);
        taken.CopyTo(destination);
        reader.AdvanceTo(taken.End);
        return count;
    }
}
