using System.Buffers;
using System.Text;

namespace WafOperator.Http;

/// <summary>
/// Turns a web server's strings back into bytes: one byte for each character up to U+00FF, else UTF-8.
/// </summary>
internal sealed class NarrowScratch
{
    private byte[] _buffer = new byte[1024];
    private int _length;

    public ReadOnlySpan<byte> this[Slice slice] => _buffer.AsSpan(slice.Offset, slice.Length);

    /// <summary>Writes one byte for each character; false when a character needs more than a byte.</summary>
    public static bool TryNarrow(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (Ascii.FromUtf16(text, bytes, out var written) == OperationStatus.Done) return true;
        for (var i = written; i < text.Length; i++)
        {
            if (text[i] > 0xff) return false;
            bytes[i] = (byte)text[i];
        }

        return true;
    }

    public Slice Take(ReadOnlySpan<char> text)
    {
        var isNarrow = !text.ContainsAnyExceptInRange('\0', '\u00ff');
        var count = isNarrow ? text.Length : Encoding.UTF8.GetByteCount(text);
        if (_buffer.Length - _length < count) Array.Resize(ref _buffer, Math.Max(_length + count, _buffer.Length * 2));
        if (isNarrow) TryNarrow(text, _buffer.AsSpan(_length));
        else Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
        var slice = new Slice(_length, count);
        _length += count;
        return slice;
    }

    public void Clear()
    {
        _length = 0;
        if (_buffer.Length > 1024 * 1024) _buffer = new byte[1024];
    }
}
