using System.Numerics;

namespace WafOperator.SecLang.Regex;

/// <summary>An immutable set of byte values: one bit for each of the 256 bytes.</summary>
public readonly record struct ByteSet(ulong Bits0, ulong Bits1, ulong Bits2, ulong Bits3)
{
    public static ByteSet Empty => default;

    public static ByteSet All => new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    /// <summary>What `\d` matches.</summary>
    public static ByteSet Digits { get; } = Range((byte)'0', (byte)'9');

    /// <summary>What `\w` matches: ASCII letters, digits and the underscore.</summary>
    public static ByteSet Word { get; } =
        Range((byte)'a', (byte)'z') | Range((byte)'A', (byte)'Z') | Digits | Of((byte)'_');

    /// <summary>What `\s` matches: space, tab, line feed, vertical tab, form feed, carriage return.</summary>
    public static ByteSet Space { get; } = Range(9, 13) | Of((byte)' ');

    /// <summary>What `\h` matches in a pattern over bytes.</summary>
    public static ByteSet HorizontalSpace { get; } = Of(9) | Of((byte)' ') | Of(0xA0);

    /// <summary>What `\v` matches in a pattern over bytes.</summary>
    public static ByteSet VerticalSpace { get; } = Range(10, 13) | Of(0x85);

    public bool IsEmpty => (Bits0 | Bits1 | Bits2 | Bits3) == 0;

    public int Count =>
        BitOperations.PopCount(Bits0) + BitOperations.PopCount(Bits1)
        + BitOperations.PopCount(Bits2) + BitOperations.PopCount(Bits3);

    public static ByteSet operator |(ByteSet left, ByteSet right) =>
        new(left.Bits0 | right.Bits0, left.Bits1 | right.Bits1, left.Bits2 | right.Bits2, left.Bits3 | right.Bits3);

    public static ByteSet operator &(ByteSet left, ByteSet right) =>
        new(left.Bits0 & right.Bits0, left.Bits1 & right.Bits1, left.Bits2 & right.Bits2, left.Bits3 & right.Bits3);

    public static ByteSet operator ~(ByteSet set) => new(~set.Bits0, ~set.Bits1, ~set.Bits2, ~set.Bits3);

    public static ByteSet BitwiseOr(ByteSet left, ByteSet right) => left | right;

    public static ByteSet BitwiseAnd(ByteSet left, ByteSet right) => left & right;

    public static ByteSet OnesComplement(ByteSet set) => ~set;

    /// <summary>The set with one member.</summary>
    public static ByteSet Of(byte value)
    {
        var bit = 1UL << (value & 63);
        return (value >> 6) switch
        {
            0 => new(bit, 0, 0, 0),
            1 => new(0, bit, 0, 0),
            2 => new(0, 0, bit, 0),
            _ => new(0, 0, 0, bit),
        };
    }

    /// <summary>The set of all bytes from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static ByteSet Range(byte first, byte last)
    {
        var set = Empty;
        for (int value = first; value <= last; value++) set |= Of((byte)value);
        return set;
    }

    public bool Contains(byte value) => (Word64(value >> 6) >> (value & 63) & 1) != 0;

    public bool Overlaps(ByteSet other) => !(this & other).IsEmpty;

    public bool IsSubsetOf(ByteSet other) => (this & ~other).IsEmpty;

    /// <summary>The set with the other case of each ASCII letter in it added.</summary>
    public ByteSet WithBothCases()
    {
        const ulong Upper = 0x0000_0000_07FF_FFFE;
        const ulong Lower = Upper << 32;
        return this with { Bits1 = Bits1 | ((Bits1 & Upper) << 32) | ((Bits1 & Lower) >> 32) };
    }

    /// <summary>The only member, or -1 where the set has none or several.</summary>
    public int OnlyMember() => Count == 1 ? First() : -1;

    /// <summary>The smallest member, or -1.</summary>
    public int First() => Next(0);

    /// <summary>The smallest member that is at least <paramref name="from"/>, or -1.</summary>
    public int Next(int from)
    {
        for (var word = from >> 6; word < 4; word++) // From 256 on there is nothing.
        {
            var bits = Word64(word);
            if (word == from >> 6) bits &= ulong.MaxValue << (from & 63);
            if (bits != 0) return (word << 6) + BitOperations.TrailingZeroCount(bits);
        }

        return -1;
    }

    /// <summary>The members in ascending order.</summary>
    public byte[] ToArray()
    {
        var members = new byte[Count];
        var count = 0;
        for (var value = Next(0); value >= 0; value = Next(value + 1)) members[count++] = (byte)value;
        return members;
    }

    private ulong Word64(int index) => index switch
    {
        0 => Bits0,
        1 => Bits1,
        2 => Bits2,
        _ => Bits3,
    };
}
