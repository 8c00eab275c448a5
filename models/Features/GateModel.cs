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
    public double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        Span<GatePlace> worst = stackalloc GatePlace[1];
        Look(normalized, flags, double.PositiveInfinity, worst);
        return worst[0].Logit;
    }

    /// <summary>
    /// Where the value looks worst: what a network is asked about, the worst first. Each time the highest window of
    /// what is left, and the bytes around it; one frightening place cannot hide another.
    /// </summary>
    /// <param name="normalized">The value.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="floor">Places behind the first are left out below this logit.</param>
    /// <param name="places">Filled as far as there are places.</param>
    /// <returns>How many there are; at least one.</returns>
    public int Look(ReadOnlySpan<byte> normalized, ValueFlags flags, double floor, Span<GatePlace> places)
    {
        if (!_weights.Scans)
        {
            var mean = HighestMean(normalized, out var window) + _weights.Bias + FlagSum(flags);
            places[0] = GatePlace.Of(mean, window, normalized.Length);
            return 1;
        }

        var positions = normalized.Length + 2;
        var search = new PlaceSearch(_weights, FlagSum(flags), normalized.Length);
        if (positions < OnStackMax)
        {
            Span<int> few = stackalloc int[OnStackMax];
            Span<byte> framed = stackalloc byte[OnStackMax];
            return Look(normalized, search, framed[..positions], few[..(positions + 1)], floor, places);
        }

        var sums = ArrayPool<int>.Shared.Rent(positions + 1);
        var text = ArrayPool<byte>.Shared.Rent(positions);
        var count = Look(
            normalized, search, text.AsSpan(0, positions), sums.AsSpan(0, positions + 1), floor, places);
        ArrayPool<int>.Shared.Return(sums);
        ArrayPool<byte>.Shared.Return(text);
        return count;
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

    private int Look(
        ReadOnlySpan<byte> normalized, in PlaceSearch search, Span<byte> framed, Span<int> prefix, double floor,
        Span<GatePlace> places)
    {
        framed[0] = NgramHash.Start;
        normalized.CopyTo(framed[1..]);
        framed[^1] = NgramHash.End;
        var ngrams = Accumulate(framed, prefix) + NgramHash.Count(normalized.Length);
        return search.Find(prefix, ngrams, floor, places);
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
