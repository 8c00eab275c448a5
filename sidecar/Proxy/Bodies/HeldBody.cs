using System.Buffers;
using System.Numerics;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Bodies;

/// <summary>
/// The beginning of a body, kept in pooled segments so that it can be sent on once the request was judged. Segments are
/// as large as what comes, so that a client pays for what it sent and not for what it promised; they go back to the pool
/// as soon as they were sent. Not thread-safe; one request at a time.
/// </summary>
internal sealed class HeldBody(FairBudget budget, int client) : IDisposable
{
    private const int SegmentBytesMax = 16 * 1024;
    private const int SegmentBytesMin = 512;

    private readonly Queue<Segment> _segments = new();
    private byte[]? _open;
    private int _openBytes;
    private int _openLength;
    private int _sent;

    /// <summary>Bytes taken in.</summary>
    public long Length { get; private set; }

    /// <summary>Nothing is left to take out.</summary>
    public bool IsEmpty => _segments.Count == 0 && _openLength == 0;

    /// <summary>
    /// False when the budget of all requests is used up, or this client's share of it: only the first
    /// <see cref="Length"/> bytes were taken then.
    /// </summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_open is null && !TryOpen(bytes.Length)) return false;
            var count = Math.Min(bytes.Length, _openBytes - _openLength);
            bytes[..count].CopyTo(_open.AsSpan(_openLength));
            _openLength += count;
            Length += count;
            bytes = bytes[count..];
            if (_openLength == _openBytes) Seal();
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
            var count = Math.Min(destination.Length, segment.Length - _sent);
            segment.Array.AsSpan(_sent, count).CopyTo(destination);
            destination = destination[count..];
            total += count;
            _sent += count;
            if (_sent < segment.Length) break;
            _segments.Dequeue();
            _sent = 0;
            Return(segment);
        }

        return total;
    }

    public void Dispose()
    {
        Seal();
        while (_segments.TryDequeue(out var segment)) Return(segment);
        _sent = 0;
    }

    /// <summary>A body that trickles gets larger segments as it grows, so that there are never many.</summary>
    private bool TryOpen(int coming)
    {
        var wanted = Math.Max(coming, (int)Math.Min(Length / 4, SegmentBytesMax));
        var bytes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(wanted, SegmentBytesMin, SegmentBytesMax));
        if (!budget.TryTake(client, bytes)) return false;
        _open = ArrayPool<byte>.Shared.Rent(bytes);
        _openBytes = bytes;
        _openLength = 0;
        return true;
    }

    private void Seal()
    {
        if (_open is null) return;
        var segment = new Segment(_open, _openBytes, _openLength);
        if (_openLength == 0) Return(segment);
        else _segments.Enqueue(segment);
        _open = null;
        _openLength = 0;
    }

    private void Return(in Segment segment)
    {
        ArrayPool<byte>.Shared.Return(segment.Array);
        budget.Return(client, segment.Bytes);
    }

    private readonly record struct Segment(byte[] Array, int Bytes, int Length);
}
