using System.Buffers;

namespace WafOperator.Features;

/// <summary>
/// The cheap first stage: a linear model over hashed n-grams of a normalised value's bytes and tokens. Immutable and
/// thread-safe.
/// Sums of the 8-bit weights are exact, so every machine computes the same logit as training did.
/// </summary>
public sealed class GateModel
{
    private const int OnStackMax = 512;

    private readonly GateWeights _weights;

    private GateModel(GateWeights weights) => _weights = weights;

    /// <summary>Reads <c>gate.bin</c> of a package. Null and the reason when it is another format.</summary>
    public static GateModel? Read(ReadOnlySpan<byte> file, out string? error)
    {
        var weights = GateWeights.Read(file, out error);
        return weights is null ? null : new GateModel(weights);
    }

    /// <summary>The logit of a normalised value: the highest of its windows.</summary>
    public double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags) => Look(normalized, flags, out _);

    /// <summary>The logit, and where the value looks worst: what a network is asked about.</summary>
    public double Look(ReadOnlySpan<byte> normalized, ValueFlags flags, out Range focus)
    {
        if (!_weights.Scans) return HighestMean(normalized, out focus) + _weights.Bias + FlagSum(flags);
        var positions = normalized.Length + 2;
        if (positions < OnStackMax)
        {
            Span<int> few = stackalloc int[OnStackMax];
            Span<byte> framed = stackalloc byte[OnStackMax];
            var highest = Scan(normalized, framed[..positions], few[..(positions + 1)], out focus);
            return highest + FlagSum(flags) - Growth(normalized.Length);
        }

        var sums = ArrayPool<int>.Shared.Rent(positions + 1);
        var text = ArrayPool<byte>.Shared.Rent(positions);
        var logit = Scan(normalized, text.AsSpan(0, positions), sums.AsSpan(0, positions + 1), out focus);
        ArrayPool<int>.Shared.Return(sums);
        ArrayPool<byte>.Shared.Return(text);
        return logit + FlagSum(flags) - Growth(normalized.Length);
    }

    /// <summary>
    /// The <paramref name="length"/> consecutive bytes of a normalised value that weigh most towards an attack.
    /// </summary>
    public Range Heaviest(ReadOnlySpan<byte> normalized, int length)
    {
        if (normalized.Length <= length) return ..normalized.Length;
        var sums = ArrayPool<int>.Shared.Rent(normalized.Length + 1);
        var prefix = sums.AsSpan(0, normalized.Length + 1);
        Accumulate(normalized, prefix);
        var start = GateScan.Place(prefix, length);
        ArrayPool<int>.Shared.Return(sums);
        return start..(start + length);
    }

    /// <summary>
    /// The highest window with the bias: windows of each length at every offset, and the whole of a short value.
    /// </summary>
    private double Scan(ReadOnlySpan<byte> normalized, Span<byte> framed, Span<int> prefix, out Range focus)
    {
        framed[0] = NgramHash.Start;
        normalized.CopyTo(framed[1..]);
        framed[^1] = NgramHash.End;
        var tokens = Accumulate(framed, prefix);
        var (best, window) = (double.NegativeInfinity, framed.Length);
        if (normalized.Length <= GateScan.WholeBytes)
        {
            var count = tokens + NgramHash.Count(normalized.Length);
            best = _weights.Scale * prefix[^1] / Math.Sqrt(count);
        }

        var lengths = GateScan.Lengths;
        for (var i = 0; i < lengths.Length && lengths[i] < framed.Length; i++)
        {
            var score = (_weights.Gains[i] * GateScan.Highest(prefix, lengths[i])) + _weights.Offsets[i];
            if (score > best) (best, window) = (score, lengths[i]);
        }

        focus = GateScan.Focus(prefix, normalized.Length, window);
        return best + _weights.Bias;
    }

    /// <summary>
    /// Writes the sums of the weights of all n-grams that begin before each position; returns the number of token
    /// n-grams.
    /// </summary>
    private int Accumulate(ReadOnlySpan<byte> text, Span<int> prefix)
    {
        prefix.Clear();
        var byPosition = prefix[1..];
        TokenNgrams.Sum(text, _weights.Ngrams.AsSpan(NgramHash.TokenBase), byPosition, out var count);
        var sum = 0;
        for (var i = 0; i < text.Length; i++)
        {
            sum += byPosition[i] + PositionWeight(text, i);
            byPosition[i] = sum;
        }

        return count;
    }

    private double Growth(int length) => _weights.Growth * GateScan.Doublings(length);

    private double FlagSum(ValueFlags flags)
    {
        var sum = 0.0;
        for (var i = 0; flags != 0 && i < _weights.Flags.Length; i++)
        {
            sum += ((int)flags >> i & 1) != 0 ? _weights.Flags[i] : 0.0;
        }

        return sum;
    }

    /// <summary>
    /// The highest of overlapping windows, each framed and taken as a whole: what gates before WAFGATE3 were trained
    /// for.
    /// </summary>
    private double HighestMean(ReadOnlySpan<byte> normalized, out Range focus)
    {
        var best = double.NegativeInfinity;
        focus = ..normalized.Length;
        var count = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < count; i++)
        {
            var window = CnnTokenizer.Window(normalized.Length, i);
            var logit = WindowLogit(normalized[window]);
            if (logit > best) (best, focus) = (logit, window);
        }

        return best;
    }

    private double WindowLogit(ReadOnlySpan<byte> window)
    {
        Span<byte> framed = stackalloc byte[CnnTokenizer.WindowBytes + 2];
        framed[0] = NgramHash.Start;
        window.CopyTo(framed[1..]);
        framed[window.Length + 1] = NgramHash.End;
        framed = framed[..(window.Length + 2)];
        var sum = TokenNgrams.Sum(framed, _weights.Ngrams.AsSpan(NgramHash.TokenBase), default, out var count);
        for (var i = 0; i < framed.Length; i++)
        {
            sum += PositionWeight(framed, i);
        }

        count += NgramHash.Count(window.Length);
        return _weights.Scale * sum / Math.Sqrt(count);
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
            sum += _weights.Ngrams[NgramHash.Bucket(hash)];
        }

        return sum;
    }
}
