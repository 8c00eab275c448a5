using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WafOperator.SecLang.Regex;

namespace WafOperator.Engine.Values;

/// <summary>
/// Sorts the 256 bytes into at most 64 kinds, one bit each, so that "which kinds of bytes does this value hold" is one
/// number. Every ASCII punctuation mark is a kind of its own; letters, digits, white space, controls and bytes from
/// 0x80 on are groups. A rule that needs a byte the value does not have cannot match.
/// </summary>
internal static class ByteClasses
{
    private static readonly ulong[] Bits = Build();

    /// <summary>The kind of each byte, as a bit.</summary>
    public static ReadOnlySpan<ulong> Table => Bits;

    /// <summary>
    /// Stands in the classes of a value without bytes, which some functions (length, digests) change as well.
    /// </summary>
    public const ulong Empty = 1UL << 63;

    public static ulong Upper { get; } = Of((byte)'A');

    public static ulong High { get; } = Of(0x80) | Of(0xC0) | Of(0xFF);

    public static ulong Of(byte value) => Bits[value];

    public static ulong Of(ReadOnlySpan<byte> values)
    {
        ulong mask = 0;
        foreach (var value in values)
        {
            mask |= Bits[value];
        }

        return mask;
    }

    /// <summary>The kinds of bytes a value holds.</summary>
    public static ulong Sum(ReadOnlySpan<byte> values)
    {
        if (values.IsEmpty)
        {
            return Empty;
        }

        ref var bits = ref MemoryMarshal.GetArrayDataReference(Bits);
        ulong mask = 0;
        foreach (var value in values)
        {
            mask |= Unsafe.Add(ref bits, (nint)value);
        }

        return mask;
    }

    /// <summary>The kinds that hold at least one byte of the set.</summary>
    public static ulong Touching(ByteSet set)
    {
        ulong mask = 0;
        for (var b = set.Next(0); b >= 0; b = b == 255 ? -1 : set.Next(b + 1))
        {
            mask |= Bits[b];
        }

        return mask;
    }

    private static ulong[] Build()
    {
        var bits = new ulong[256];
        var next = 0;
        ulong Fresh() => 1UL << next++;

        void Group(int first, int last)
        {
            var bit = Fresh();
            for (var b = first; b <= last; b++)
            {
                bits[b] = bits[b] == 0 ? bit : bits[b];
            }
        }

        foreach (var mark in "\0\t\n\r !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"u8)
        {
            bits[mark] = Fresh();
        }

        Group('0', '9');
        Group('A', 'Z');
        Group('a', 'a');
        Group('e', 'e');
        Group('x', 'x');
        Group('a', 'z');
        Group(0x0B, 0x0C);
        Group(0x01, 0x1F);
        Group(0x7F, 0x7F);
        Group(0x80, 0xBF);
        Group(0xC0, 0xFE);
        Group(0xFF, 0xFF);
        System.Diagnostics.Debug.Assert(next <= 63 && bits.All(b => BitOperations.PopCount(b) == 1));
        return bits;
    }
}
