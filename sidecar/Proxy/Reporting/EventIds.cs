using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WafOperator.Proxy.Reporting;

/// <summary>Ids of events: 48 bits of time in milliseconds, then chance, so that they sort by time and cannot be guessed.</summary>
internal static class EventIds
{
    public static UInt128 Next(TimeProvider time)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[6..]);
        var milliseconds = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, milliseconds << 16 | BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]));
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>As people see it: 32 hexadecimal digits.</summary>
    public static string Text(UInt128 id) => id.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
