using System.Buffers;

namespace WafOperator.Proxy.Logins;

/// <summary>Passes a response on as it comes and keeps a copy of its beginning. Not thread-safe.</summary>
internal sealed class BeginningStream(Stream inner) : Stream
{
    /// <summary>Bytes that are kept.</summary>
    public const int BytesMax = 64 << 10;

    private readonly ArrayBufferWriter<byte> _beginning = new();

    /// <summary>What has passed, up to the bound.</summary>
    public ReadOnlyMemory<byte> Beginning => _beginning.WrittenMemory;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Write(byte[] buffer, int offset, int count)
    {
        Keep(buffer.AsSpan(offset, count));
        inner.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Keep(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var room = BytesMax - _beginning.WrittenCount;
        if (room > 0) _beginning.Write(bytes[..Math.Min(room, bytes.Length)]);
    }
}
