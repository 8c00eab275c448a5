namespace WafOperator.Http.Bodies;

/// <summary>
/// A stream over bytes that are already in memory, for the decoders of the platform. The last byte is handed out by
/// itself: whether a decoder asked for it says whether its input ended where the bytes do.
/// </summary>
internal sealed class ReadOnlyMemoryStream(ReadOnlyMemory<byte> bytes) : Stream
{
    private int _position;

    /// <summary>All bytes were asked for.</summary>
    public bool IsDrained => _position == bytes.Length;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => bytes.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var left = bytes.Length - _position;
        var count = Math.Min(buffer.Length, left > 1 ? left - 1 : left);
        bytes.Span.Slice(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
