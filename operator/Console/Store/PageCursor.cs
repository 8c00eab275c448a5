using System.Buffers.Binary;
using System.Buffers.Text;

namespace WafOperator.Console.Store;

/// <summary>Where a page ended: time and id of its last line. Opaque to callers.</summary>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Key">Id of an event (16 bytes), or of an attack (8 bytes, big endian).</param>
public sealed record PageCursor(long At, byte[] Key)
{
    private const int KeyBytesMax = 16;

    public static PageCursor OfAttack(long at, long id)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, id);
        return new PageCursor(at, key);
    }

    /// <summary>The attack's id.</summary>
    public long AttackId => BinaryPrimitives.ReadInt64BigEndian(Key);

    public override string ToString()
    {
        var bytes = new byte[8 + Key.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At);
        Key.CopyTo(bytes, 8);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null for anything else.</summary>
    public static PageCursor? Parse(string? text, bool isAttack = false)
    {
        var keyBytes = isAttack ? 8 : KeyBytesMax;
        if (text is null || text.Length != Base64Url.GetEncodedLength(8 + keyBytes)) return null;
        var bytes = new byte[8 + keyBytes];
        return Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == bytes.Length
            ? new PageCursor(BinaryPrimitives.ReadInt64BigEndian(bytes), bytes[8..])
            : null;
    }
}
