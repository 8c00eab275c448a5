using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace WafOperator.Features;

/// <summary>
/// The numbers of a gate, read from <c>gate.bin</c>, little endian: magic; hash bits, shortest and longest n-gram,
/// flag count and, from WAFGATE3
/// on, number of window lengths (uint32 each); scale, bias and, from WAFGATE3 on, growth (float32); per window its
/// length (uint32), gain and
/// offset (float32); flag weights (float32); n-gram weights (int8).
/// </summary>
internal sealed class GateWeights
{
    private const int FieldBytes = 4;
    private const int MagicBytes = 8;
    private const int WindowBytes = 3 * FieldBytes;
    private const int LengthsMax = 16;
    private const int LengthMin = 4;
    private const int LengthMax = 1_024;

    private static ReadOnlySpan<byte> ScanMagic => "WAFGATE3"u8;

    private static ReadOnlySpan<byte> MeanMagic => "WAFGATE2"u8;

    /// <summary>Windows at every offset; older gates take means of long windows.</summary>
    public required bool Scans { get; init; }

    public required double Scale { get; init; }

    public required double Bias { get; init; }

    /// <summary>What a value loses for each doubling of its length, as more windows are more chances.</summary>
    public double Growth { get; private init; }

    /// <summary>Lengths of the windows in bytes, rising.</summary>
    public int[] Lengths { get; private init; } = [];

    public double[] Gains { get; private init; } = [];

    public double[] Offsets { get; private init; } = [];

    public required double[] Flags { get; init; }

    public required sbyte[] Ngrams { get; init; }

    public static GateWeights? Read(ReadOnlySpan<byte> file, out string? error)
    {
        var scans = file.StartsWith(ScanMagic);
        if (!scans && !file.StartsWith(MeanMagic))
        {
            error = "not a gate weights file (magic WAFGATE3 or WAFGATE2 missing)";
            return null;
        }

        var lengths = scans && file.Length >= MagicBytes + (5 * FieldBytes)
            ? (int)Math.Min(UInt(file, MagicBytes + (4 * FieldBytes)), LengthsMax + 1)
            : 0;
        var windows = MagicBytes + ((scans ? 8 : 6) * FieldBytes);
        var flags = windows + (lengths * WindowBytes);
        var ngrams = flags + (ValueNormalizer.FlagCount * FieldBytes);
        if (file.Length < flags)
        {
            error = $"gate weights file has {file.Length} bytes, expected {ngrams + NgramHash.Buckets}";
            return null;
        }

        error = Misfit(file, scans, windows);
        if (error is null && file.Length != ngrams + NgramHash.Buckets)
            error = $"gate weights file has {file.Length} bytes, expected {ngrams + NgramHash.Buckets}";
        if (error is not null) return null;
        var numbers = file[(MagicBytes + ((scans ? 5 : 4) * FieldBytes))..];
        return new GateWeights
        {
            Scans = scans,
            Scale = BinaryPrimitives.ReadSingleLittleEndian(numbers),
            Bias = BinaryPrimitives.ReadSingleLittleEndian(numbers[FieldBytes..]),
            Growth = scans ? BinaryPrimitives.ReadSingleLittleEndian(numbers[(2 * FieldBytes)..]) : 0,
            Lengths = LengthsOf(file[windows..], lengths),
            Gains = Singles(file[(windows + FieldBytes)..], lengths, WindowBytes),
            Offsets = Singles(file[(windows + (2 * FieldBytes))..], lengths, WindowBytes),
            Flags = Singles(file[flags..], ValueNormalizer.FlagCount, FieldBytes),
            Ngrams = MemoryMarshal.Cast<byte, sbyte>(file[ngrams..]).ToArray(),
        };
    }

    /// <summary>Why these weights are for other features than this build computes, or null.</summary>
    private static string? Misfit(ReadOnlySpan<byte> file, bool scans, int windows)
    {
        Span<uint> found = stackalloc uint[scans ? 5 : 4];
        for (var i = 0; i < found.Length; i++) found[i] = UInt(file, MagicBytes + (i * FieldBytes));
        if (found[..4] is not [NgramHash.HashBits, NgramHash.NgramMin, NgramHash.NgramMax, ValueNormalizer.FlagCount])
        {
            return $"gate features differ: hash bits {found[0]}, n-grams {found[1]}..{found[2]}, flags {found[3]}; "
                + $"this build computes {NgramHash.HashBits}, {NgramHash.NgramMin}..{NgramHash.NgramMax}, "
                + $"{ValueNormalizer.FlagCount}";
        }

        if (!scans) return null;
        if (found[4] is 0 or > LengthsMax) return $"gate has {found[4]} window lengths; 1 to {LengthsMax} are known";
        var before = (uint)LengthMin - 1;
        for (var i = 0; i < found[4]; i++)
        {
            var length = UInt(file, windows + (i * WindowBytes));
            if (length <= before || length > LengthMax)
            {
                return $"gate windows: one of {length} bytes behind one of {before}; they rise from {LengthMin} to "
                    + $"{LengthMax}";
            }

            before = length;
        }

        return null;
    }

    private static int[] LengthsOf(ReadOnlySpan<byte> windows, int count)
    {
        var lengths = new int[count];
        for (var i = 0; i < count; i++) lengths[i] = (int)UInt(windows, i * WindowBytes);
        return lengths;
    }

    private static uint UInt(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);

    private static double[] Singles(ReadOnlySpan<byte> file, int count, int stride)
    {
        var singles = new double[count];
        for (var i = 0; i < count; i++) singles[i] = BinaryPrimitives.ReadSingleLittleEndian(file[(i * stride)..]);
        return singles;
    }
}
