using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// A long request body on its way through. Read where its bytes arrive, it would be sent on in the small pieces in
/// which it arrives, a system call for each; read from the thread pool, pieces gather meanwhile, and nothing waits for
/// more. Not thread-safe.
/// </summary>
internal sealed class GatheringStream(Stream inner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Gathers the request's body if it is or may be long. Streams in both directions stay.</summary>
    public static void Gather(HttpContext context)
    {
        var request = context.Request;
        var isLong = request.ContentLength is { } length
            ? SocketThreads.IsLong(length)
            : request.Headers.TransferEncoding.Count > 0;
        if (isLong && !DuplexStreams.IsDuplex(context)) request.Body = new GatheringStream(request.Body);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await SocketThreads.LeaveAsync();
        return await inner.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("read asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
