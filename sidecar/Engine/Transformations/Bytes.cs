using System.Buffers;
using System.Runtime.CompilerServices;

namespace WafOperator.Engine.Transformations;

/// <summary>Byte classes as C's locale "C" has them, and hexadecimal digits.</summary>
internal static class Bytes
{
    /// <summary>No-break space of Latin-1, which ModSecurity counts as white space in some places.</summary>
    public const byte NoBreakSpace = 0xa0;

    public static readonly SearchValues<byte> Space = SearchValues.Create(" \t\n\v\f\r"u8);

    public static readonly SearchValues<byte> SpaceOrNoBreak = SearchValues.Create([32, 9, 10, 11, 12, 13,
        NoBreakSpace]);

    /// <summary>The same without the ordinary blank.</summary>
    public static readonly SearchValues<byte> SpaceOrNoBreakButBlank = SearchValues.Create([9, 10, 11, 12, 13,
        NoBreakSpace]);

    /// <summary>All bytes outside ASCII.</summary>
    public static readonly byte[] Beyond = [.. Enumerable.Range(0x80, 0x80).Select(value => (byte)value)];

    /// <summary>White space, zero, and all bytes outside ASCII.</summary>
    public static readonly byte[] SpacesAndBeyond = [.. " \t\n\v\f\r\0"u8, .. Beyond];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSpace(byte value) => value == ' ' || (uint)(value - 9) <= 4;

    public static bool IsSpaceOrNoBreak(byte value) => IsSpace(value) || value == NoBreakSpace;

    public static bool IsDigit(byte value) => (uint)(value - '0') <= 9;

    public static bool IsOctal(byte value) => (uint)(value - '0') <= 7;

    public static bool IsAlphanumeric(byte value) => IsDigit(value) || (uint)((value | 0x20) - 'a') <= 25;

    public static bool IsHex(byte value) => HexValue(value) >= 0;

    /// <summary>The value of a hexadecimal digit, or -1.</summary>
    public static int HexValue(byte value) => value switch
    {
        >= (byte)'0' and <= (byte)'9' => value - '0',
        >= (byte)'a' and <= (byte)'f' => value - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => value - 'A' + 10,
        _ => -1,
    };

    /// <summary>Two hexadecimal digits, both known to be valid.</summary>
    public static byte HexPair(ReadOnlySpan<byte> digits) => (byte)(HexValue(digits[0]) << 4 | HexValue(digits[1]));

    /// <summary>Length of the run of hexadecimal digits at the start, at most <paramref name="max"/>.</summary>
    public static int HexRun(ReadOnlySpan<byte> value, int max)
    {
        var count = 0;
        while (count < max && count < value.Length && IsHex(value[count])) count++;
        return count;
    }

    /// <summary>A lower-case hexadecimal digit.</summary>
    public static byte HexDigit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    /// <summary>
    /// The low byte of a four-digit escape, where U+FF01..U+FF5E (full width forms) become the ASCII they stand for.
    /// </summary>
    public static byte LowByte(ReadOnlySpan<byte> fourDigits)
    {
        var low = HexPair(fourDigits[2..]);
        var isFullWidth = (fourDigits[0] | 0x20) == 'f' && (fourDigits[1] | 0x20) == 'f' && low is > 0x00 and < 0x5f;
        return isFullWidth ? (byte)(low + 0x20) : low;
    }
}
