using System.Buffers;
using System.Buffers.Binary;

namespace WafOperator.Features;

/// <summary>
/// The cheap first stage: a linear model over hashed n-grams of a normalised value's bytes and tokens. Immutable and thread-safe.
/// The sum of the 8-bit weights is exact, so every machine computes the same logit as training did.
/// </summary>
public sealed class GateModel
{
    private const int HeaderBytes = 8 + 4 * 6;
    private static ReadOnlySpan<byte> Magic => "WAFGATE2"u8;

    private readonly sbyte[] _weights;
    private readonly double[] _flagWeights;
    private readonly double _bias;
    private readonly double _scale;

    private GateModel(sbyte[] weights, double[] flagWeights, double bias, double scale)
    {
        _weights = weights;
        _flagWeights = flagWeights;
        _bias = bias;
        _scale = scale;
    }

    /// <summary>
    /// Reads the weights file of a package: magic, hash bits, shortest and longest n-gram, flag count (uint32 each), scale,
    /// bias (float32), flag weights (float32), weights (int8), little endian. Null and the reason when it is another format.
    /// </summary>
    public static GateModel? Read(ReadOnlySpan<byte> file, out string? error)
    {
        if (file.Length < HeaderBytes || !file[..8].SequenceEqual(Magic))
        {
            error = "not a gate weights file (magic WAFGATE2 missing)";
            return null;
        }

        Span<uint> header = stackalloc uint[4];
        for (var i = 0; i < header.Length; i++)
        {
            header[i] = BinaryPrimitives.ReadUInt32LittleEndian(file[(8 + 4 * i)..]);
        }

        if (header is not [NgramHash.HashBits, NgramHash.NgramMin, NgramHash.NgramMax, ValueNormalizer.FlagCount])
        {
            error = $"gate features differ: hash bits {header[0]}, n-grams {header[1]}..{header[2]}, flags {header[3]}; "
                + $"this build computes {NgramHash.HashBits}, {NgramHash.NgramMin}..{NgramHash.NgramMax}, {ValueNormalizer.FlagCount}";
            return null;
        }

        var expected = HeaderBytes + 4 * ValueNormalizer.FlagCount + NgramHash.Buckets;
        if (file.Length != expected)
        {
            error = $"gate weights file has {file.Length} bytes, expected {expected}";
            return null;
        }

        var flagWeights = new double[ValueNormalizer.FlagCount];
        for (var i = 0; i < flagWeights.Length; i++)
        {
            flagWeights[i] = BinaryPrimitives.ReadSingleLittleEndian(file[(HeaderBytes + 4 * i)..]);
        }

        var weights = new sbyte[NgramHash.Buckets];
        file[(HeaderBytes + 4 * ValueNormalizer.FlagCount)..].CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(weights.AsSpan()));
        error = null;
        return new GateModel(weights, flagWeights, BinaryPrimitives.ReadSingleLittleEndian(file[28..]),
            BinaryPrimitives.ReadSingleLittleEndian(file[24..]));
    }

    /// <summary>The logit of a normalised value: the highest of its windows.</summary>
    public double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        var best = double.NegativeInfinity;
        var count = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < count; i++)
        {
            best = Math.Max(best, WindowLogit(normalized[CnnTokenizer.Window(normalized.Length, i)]));
        }

        return best + _bias + FlagSum(flags);
    }

    /// <summary>The <paramref name="length"/> consecutive bytes of a normalised value that weigh most towards an attack.</summary>
    public Range Heaviest(ReadOnlySpan<byte> normalized, int length)
    {
        if (normalized.Length <= length)
        {
            return ..normalized.Length;
        }

        var weights = ArrayPool<int>.Shared.Rent(normalized.Length);
        var byPosition = weights.AsSpan(0, normalized.Length);
        byPosition.Clear();
        TokenNgrams.Sum(normalized, _weights.AsSpan(NgramHash.TokenBase), byPosition, out _);
        for (var i = 0; i < normalized.Length; i++) byPosition[i] += PositionWeight(normalized, i);
        var range = Heaviest(byPosition, length);
        ArrayPool<int>.Shared.Return(weights);
        return range;
    }

    private static Range Heaviest(ReadOnlySpan<int> weights, int length)
    {
        long sum = 0;
        var bestStart = 0;
        var best = long.MinValue;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (i >= length)
            {
                sum -= weights[i - length];
            }

            if (i >= length - 1 && sum > best)
            {
                best = sum;
                bestStart = i - length + 1;
            }
        }

        return bestStart..(bestStart + length);
    }

    private double FlagSum(ValueFlags flags)
    {
        var sum = 0.0;
        for (var i = 0; flags != 0 && i < _flagWeights.Length; i++)
        {
            sum += ((int)flags >> i & 1) != 0 ? _flagWeights[i] : 0.0;
        }

        return sum;
    }

    private double WindowLogit(ReadOnlySpan<byte> window)
    {
        Span<byte> framed = stackalloc byte[CnnTokenizer.WindowBytes + 2];
        framed[0] = NgramHash.Start;
        window.CopyTo(framed[1..]);
        framed[window.Length + 1] = NgramHash.End;
        framed = framed[..(window.Length + 2)];
        var sum = TokenNgrams.Sum(framed, _weights.AsSpan(NgramHash.TokenBase), default, out var count);
        for (var i = 0; i < framed.Length; i++)
        {
            sum += PositionWeight(framed, i);
        }

        count += NgramHash.Count(window.Length);
        return _scale * sum / Math.Sqrt(count);
    }

    /// <summary>Weights of the 2..5-grams that start at a position.</summary>
    private int PositionWeight(ReadOnlySpan<byte> text, int at)
    {
        var hash = NgramHash.First(NgramHash.Fold(text[at]));
        var end = Math.Min(text.Length, at + NgramHash.NgramMax);
        var sum = 0;
        for (var i = at + 1; i < end; i++)
        {
            hash = NgramHash.Append(hash, NgramHash.Fold(text[i]));
            sum += _weights[NgramHash.Bucket(hash)];
        }

        return sum;
    }
}
