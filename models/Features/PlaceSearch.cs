using System.Runtime.CompilerServices;

namespace WafOperator.Features;

/// <summary>
/// Finds the worst places of one value over the prefix sums of its weights, as models/training/wafml/scan.py does.
/// Allocates nothing; each place costs one pass over the interval that it was in.
/// </summary>
internal readonly struct PlaceSearch(GateWeights weights, double flags, int length)
{
    private readonly double _lost = weights.Growth * GateScan.Doublings(length);

    /// <summary>The highest window of an interval of positions of the framed value.</summary>
    private readonly record struct Window(double Score, int Start, int Length, int Low, int High);

    /// <param name="prefix">Sums of the weights before each position of the framed value.</param>
    /// <param name="ngrams">N-grams of the framed value.</param>
    /// <param name="floor">Places behind the first are left out below this logit.</param>
    /// <param name="places">Filled as far as there are places.</param>
    /// <returns>How many there are.</returns>
    public int Find(ReadOnlySpan<int> prefix, int ngrams, double floor, Span<GatePlace> places)
    {
        var positions = length + 2;
        var worst = Highest(prefix, 0, positions, positions - 1);
        if (length <= GateScan.WholeBytes)
        {
            var whole = weights.Scale * prefix[^1] / Math.Sqrt(ngrams);
            // The first of equals: the whole, then the shorter window.
            if (whole >= worst.Score) worst = new Window(whole, 0, positions, 0, positions);
        }

        places[0] = PlaceOf(prefix, worst);
        if (length <= GateScan.FocusBytes || places[0].Logit < floor) return 1;
        var left = new Intervals();
        var count = 0;
        Split(prefix, 0, positions, places[0], ref left, ref count, 0);
        var found = 1;
        while (found < places.Length && count > 0)
        {
            var index = 0;
            for (var i = 1; i < count; i++)
            {
                if (left[i].Score > left[index].Score) index = i;
            }

            var next = left[index];
            if (Total(next.Score) < floor) break;
            places[found] = PlaceOf(prefix, next);
            Remove(ref left, ref count, index);
            Split(prefix, next.Low, next.High, places[found], ref left, ref count, index);
            found++;
        }

        return found;
    }

    private double Total(double score) => score + weights.Bias + flags - _lost;

    private GatePlace PlaceOf(ReadOnlySpan<int> prefix, in Window window) =>
        GatePlace.Of(Total(window.Score), GateScan.Focus(prefix, length, window.Start, window.Length), length);

    /// <summary>Puts what is left of an interval on both sides of a place at an index of the list.</summary>
    private void Split(
        ReadOnlySpan<int> prefix, int low, int high, in GatePlace taken, ref Intervals left, ref int count, int index)
    {
        var (before, behind) = (Math.Min(high, taken.Start + 1), Math.Max(low, taken.Start + taken.Length + 1));
        if (before - low >= weights.Lengths[0])
            Insert(ref left, ref count, index++, Highest(prefix, low, before, before - low));
        if (high - behind >= weights.Lengths[0])
            Insert(ref left, ref count, index, Highest(prefix, behind, high, high - behind));
    }

    /// <summary>The highest window of at most so many positions.</summary>
    private Window Highest(ReadOnlySpan<int> prefix, int low, int high, int longest)
    {
        var best = new Window(double.NegativeInfinity, low, 0, low, high);
        var sums = prefix[low..(high + 1)];
        for (var i = 0; i < weights.Lengths.Length && weights.Lengths[i] <= longest; i++)
        {
            var score = (weights.Gains[i] * GateScan.Highest(sums, weights.Lengths[i])) + weights.Offsets[i];
            if (score > best.Score) best = new Window(score, 0, weights.Lengths[i], low, high);
        }

        return best.Length == 0 ? best : best with { Start = low + GateScan.Place(sums, best.Length) };
    }

    private static void Insert(ref Intervals left, ref int count, int index, in Window window)
    {
        for (var i = count; i > index; i--) left[i] = left[i - 1];
        left[index] = window;
        count++;
    }

    private static void Remove(ref Intervals left, ref int count, int index)
    {
        count--;
        for (var i = index; i < count; i++) left[i] = left[i + 1];
    }

    /// <summary>Each place takes one interval away and leaves two at most.</summary>
    [InlineArray(GatePlace.Max + 2)]
    private struct Intervals
    {
        private Window _first;
    }
}
