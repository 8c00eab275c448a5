using System.Runtime.CompilerServices;

namespace WafOperator.Http;

/// <summary>
/// One growing block of bytes that a request's slices point into. Not thread-safe; lives as long as its request and is
/// reused by the next one. Growth replaces the block and leaves the old one to the collector, so a span taken earlier
/// stays readable; it must only never be written to.
/// </summary>
/// <param name="bytesMax">Most bytes it may ever hold; what does not fit is refused, see <see
/// cref="TryAppend"/>.</param>
/// <param name="retainedBytesMax">A block larger than this is given up by <see cref="Reset"/>.</param>
public sealed class ByteArena(int bytesMax, int retainedBytesMax)
{
    private const int FirstBlockBytes = 4096;

    private byte[] _block = new byte[Math.Min(FirstBlockBytes, bytesMax)];
    private int _length;

    /// <summary>Bytes in use.</summary>
    public int Length => _length;

    /// <summary>Bytes that can still be appended.</summary>
    public int Free => bytesMax - _length;

    /// <summary>The bytes of a slice.</summary>
    public ReadOnlySpan<byte> this[Slice slice]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_block, slice.Offset, slice.Length);
    }

    /// <summary>The bytes of a slice that was just appended, for changing them in place.</summary>
    public Span<byte> Written(Slice slice) => _block.AsSpan(slice.Offset, slice.Length);

    /// <summary>The same bytes as memory, for writers that outlive a stack frame but not the request.</summary>
    public ReadOnlyMemory<byte> Memory(Slice slice) => new(_block, slice.Offset, slice.Length);

    /// <summary>Forgets everything; keeps the block unless it grew beyond what is worth keeping.</summary>
    public void Reset()
    {
        _length = 0;
        if (_block.Length > retainedBytesMax) _block = new byte[FirstBlockBytes];
    }

    /// <summary>
    /// Makes room for <paramref name="count"/> more bytes; false when the arena may not grow that far.
    /// </summary>
    public bool TryReserve(int count)
    {
        if (_block.Length - _length >= count) return true;
        return Grow(count);
    }

    /// <summary>
    /// The free bytes at the end, at least as many as were reserved. Write there, then <see cref="Commit"/>.
    /// </summary>
    public Span<byte> Tail => _block.AsSpan(_length);

    /// <summary>Takes the first <paramref name="count"/> bytes of <see cref="Tail"/> into use.</summary>
    public Slice Commit(int count)
    {
        var slice = new Slice(_length, count);
        _length += count;
        return slice;
    }

    /// <summary>Copies bytes in; false, and nothing is copied, when they do not fit.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes, out Slice slice)
    {
        slice = default;
        if (!TryReserve(bytes.Length)) return false;
        bytes.CopyTo(Tail);
        slice = Commit(bytes.Length);
        return true;
    }

    /// <summary>Appends one byte; false when it does not fit.</summary>
    public bool TryAppend(byte value)
    {
        if (!TryReserve(1)) return false;
        _block[_length++] = value;
        return true;
    }

    /// <summary>Gives bytes back from the end, down to <paramref name="length"/>.</summary>
    public void Truncate(int length) => _length = Math.Min(_length, length);

    /// <summary>Copies a slice of the arena to its end (the source may move while growing).</summary>
    public bool TryAppendCopy(Slice source, out Slice slice)
    {
        slice = default;
        if (!TryReserve(source.Length)) return false;
        _block.AsSpan(source.Offset, source.Length).CopyTo(Tail);
        slice = Commit(source.Length);
        return true;
    }

    private bool Grow(int count)
    {
        var needed = (long)_length + count;
        if (needed > bytesMax) return false;
        var size = (int)Math.Min(bytesMax, Math.Max(needed, (long)_block.Length * 2));
        var larger = GC.AllocateUninitializedArray<byte>(size);
        _block.AsSpan(0, _length).CopyTo(larger);
        _block = larger;
        return true;
    }
}
