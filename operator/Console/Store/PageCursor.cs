using System.Buffers.Binary;
using System.Buffers.Text;

namespace WafOperator.Console.Store;

/// <summary>Where a page ended: time and number of its last line. Opaque to callers.</summary>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Number">The store's own number of an event or an attack: nobody who sends events chooses it.</param>
public sealed record PageCursor(long At, long Number)
{
    private const int BytesLength = 16;

    public override string ToString()
    {
        var bytes = new byte[BytesLength];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), Number);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null for anything else.</summary>
    public static PageCursor? Parse(string? text)
    {
        if (text is null || text.Length != Base64Url.GetEncodedLength(BytesLength)) return null;
        var bytes = new byte[BytesLength];
        return Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == bytes.Length
            ? new PageCursor(
                BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(8)))
            : null;
    }
}
