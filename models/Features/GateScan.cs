using System.Numerics;

namespace WafOperator.Features;

/// <summary>
/// The scan statistic over prefix sums of a framed value's n-gram weights (models/training/wafml/scan.py): windows of a
/// few lengths at every offset. Harmless text beside an attack cannot cancel it, because some short window holds the
/// attack and little else. Linear in the value; allocates nothing.
/// </summary>
internal static class GateScan
{
    /// <summary>Values of up to this many bytes are scored as a whole, too.</summary>
    public const int WholeBytes = 240;

    /// <summary>Bytes that the network is asked about.</summary>
    public const int FocusBytes = 120;

    /// <summary>The highest sum of a window of this length.</summary>
    /// <param name="prefix">Sums of the weights before each position; one more than positions.</param>
    /// <param name="length">Length of the window, less than the number of positions.</param>
    public static int Highest(ReadOnlySpan<int> prefix, int length)
    {
        var behind = prefix[length..];
        var before = prefix[..behind.Length];
        var best = int.MinValue;
        var at = 0;
        if (behind.Length >= Vector<int>.Count)
        {
            var highest = new Vector<int>(int.MinValue);
            for (; at <= behind.Length - Vector<int>.Count; at += Vector<int>.Count)
                highest = Vector.Max(highest, new Vector<int>(behind[at..]) - new Vector<int>(before[at..]));
            for (var i = 0; i < Vector<int>.Count; i++) best = Math.Max(best, highest[i]);
        }

        for (; at < behind.Length; at++) best = Math.Max(best, behind[at] - before[at]);
        return best;
    }

    /// <summary>Where the first window of this length with the highest sum begins.</summary>
    public static int Place(ReadOnlySpan<int> prefix, int length)
    {
        var highest = Highest(prefix, length);
        var at = 0;
        while (prefix[at + length] - prefix[at] != highest) at++;
        return at;
    }

    /// <summary>
    /// The bytes around a window, or the heaviest part of a longer one, for the network.
    /// </summary>
    /// <param name="prefix">Prefix sums of the framed value.</param>
    /// <param name="length">Length of the value without its frame.</param>
    /// <param name="start">Where the window begins in the framed value.</param>
    /// <param name="window">Length of the window; of the framed value where it is the whole.</param>
    public static Range Focus(ReadOnlySpan<int> prefix, int length, int start, int window)
    {
        if (length <= FocusBytes) return ..length;
        start = window <= FocusBytes
            ? start + window / 2 - FocusBytes / 2
            : start + Place(prefix.Slice(start, window + 1), FocusBytes);
        start = Math.Clamp(start - 1, 0, length - FocusBytes);
        return start..(start + FocusBytes);
    }

    /// <summary>How often a value's length doubles <see cref="WholeBytes"/>.</summary>
    public static int Doublings(int length) => 32 - BitOperations.LeadingZeroCount((uint)(length / WholeBytes));
}
