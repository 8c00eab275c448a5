using System.Buffers;

namespace WafOperator.Proxy.Bodies;

/// <summary>
/// The beginning of a body, kept in pooled segments so that it can be sent on once the request was judged. Segments go
/// back to the pool as soon as they were sent. Not thread-safe; one request at a time.
/// </summary>
internal sealed class HeldBody(BodyBudget budget) : IDisposable
{
    private const int SegmentBytes = 16 * 1024;

    private readonly Queue<ArraySegment<byte>> _segments = new();
    private byte[]? _open;
    private int _openLength;
    private int _sent;

    /// <summary>Bytes taken in.</summary>
    public long Length { get; private set; }

    /// <summary>False when the budget of all requests is used up; the bytes were not taken.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_open is null && !TryOpen()) return false;
            var count = Math.Min(bytes.Length, _open!.Length - _openLength);
            bytes[..count].CopyTo(_open.AsSpan(_openLength));
            _openLength += count;
            Length += count;
            bytes = bytes[count..];
            if (_openLength == _open.Length) Seal();
        }

        return true;
    }

    /// <summary>Moves held bytes out, oldest first. Zero when there are none left.</summary>
    public int Take(Span<byte> destination)
    {
        Seal();
        var total = 0;
        while (!destination.IsEmpty && _segments.TryPeek(out var segment))
        {
            var count = Math.Min(destination.Length, segment.Count - _sent);
            segment.AsSpan(_sent, count).CopyTo(destination);
            destination = destination[count..];
            total += count;
            _sent += count;
            if (_sent < segment.Count) break;
            _segments.Dequeue();
            _sent = 0;
            Return(segment.Array!);
        }

        return total;
    }

    public void Dispose()
    {
        Seal();
        while (_segments.TryDequeue(out var segment)) Return(segment.Array!);
        _sent = 0;
    }

    private bool TryOpen()
    {
        if (!budget.TryTake(SegmentBytes)) return false;
        _open = ArrayPool<byte>.Shared.Rent(SegmentBytes);
        _openLength = 0;
        return true;
    }

    private void Seal()
    {
        if (_open is null) return;
        _segments.Enqueue(new ArraySegment<byte>(_open, 0, _openLength));
        _open = null;
    }

    private void Return(byte[] segment)
    {
        ArrayPool<byte>.Shared.Return(segment);
        budget.Return(SegmentBytes);
    }
}
