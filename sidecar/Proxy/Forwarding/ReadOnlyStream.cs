namespace WafOperator.Proxy.Forwarding;

/// <summary>A stream that is read asynchronously and nothing else. Not thread-safe.</summary>
internal abstract class ReadOnlyStream : Stream
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

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer,
        CancellationToken cancellationToken = default);

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

/// <summary>
/// A stream that somebody began to read: what that read brings comes first, then the rest. A read of no bytes only
/// waits.
/// </summary>
/// <param name="pending">The read that was begun.</param>
/// <param name="into">Where it puts its bytes; empty if it only waits.</param>
/// <param name="rest">The stream.</param>
internal sealed class PendingStream(Task<int> pending, Memory<byte> into, Stream rest) : ReadOnlyStream
{
    private Task<int>? _pending = pending;
    private ReadOnlyMemory<byte> _left;
    private bool _isEnd;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_pending is not null) return SettleAsync(buffer, cancellationToken);
        if (!_left.IsEmpty) return ValueTask.FromResult(Take(buffer.Span));
        return _isEnd ? ValueTask.FromResult(0) : rest.ReadAsync(buffer, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> SettleAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var count = await _pending!.WaitAsync(cancellationToken);
        _pending = null;
        _left = into[..count];
        _isEnd = count == 0 && into.Length > 0;
        return await ReadAsync(buffer, cancellationToken);
    }

    private int Take(Span<byte> destination)
    {
        var count = Math.Min(_left.Length, destination.Length);
        _left[..count].Span.CopyTo(destination);
        _left = _left[count..];
        return count;
    }
}
