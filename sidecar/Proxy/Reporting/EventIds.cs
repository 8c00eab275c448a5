using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WafOperator.Proxy.Reporting;

/// <summary>
/// Ids of events: 48 bits of time in milliseconds, then chance, so that they sort by time and cannot be guessed.
/// </summary>
internal static class EventIds
{
    private const int ChanceBytes = 10;

    /// <summary>Ids that one call of the generator is good for: it takes a lock and a system call each time.</summary>
    private const int StockIds = 64;

    [ThreadStatic]
    private static byte[]? _stock;

    [ThreadStatic]
    private static int _left;

    public static UInt128 Next(TimeProvider time)
    {
        Span<byte> bytes = stackalloc byte[16];
        TakeChance(bytes[6..]);
        var milliseconds = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteUInt64BigEndian(
            bytes, milliseconds << 16 | BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]));
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>As people see it: 32 hexadecimal digits.</summary>
    public static string Text(UInt128 id) => id.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    private static void TakeChance(Span<byte> destination)
    {
        var stock = _stock ??= new byte[StockIds * ChanceBytes];
        if (_left == 0)
        {
            RandomNumberGenerator.Fill(stock);
            _left = stock.Length;
        }

        stock.AsSpan(stock.Length - _left, ChanceBytes).CopyTo(destination);
        _left -= ChanceBytes;
    }
}
