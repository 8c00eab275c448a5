using WafOperator.Features;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// A value that is longer than what is normalised at once, as pieces that overlap: nothing of it is out of sight
/// because
/// of where it stands. Pure.
/// </summary>
internal static class LongValue
{
    /// <summary>Bytes of a piece.</summary>
    public const int PieceBytes = ValueNormalizer.ValueBytesMax;

    /// <summary>
    /// Bytes from one piece to the next. What overlaps is longer than what the models look at in one go; a multiple of
    /// four, so that base64 keeps its step.
    /// </summary>
    public const int StrideBytes = PieceBytes - 512;

    /// <summary>How many pieces a value of this length has; 1 for one that is not long.</summary>
    public static int PieceCount(int length) =>
        length <= PieceBytes ? 1 : ((length - PieceBytes + StrideBytes - 1) / StrideBytes) + 1;

    /// <summary>Where a piece begins; the last one is the value's tail.</summary>
    public static int PieceStart(int length, int index) =>
        Math.Min(index * StrideBytes, Math.Max(0, length - PieceBytes));

    /// <summary>The piece that holds a position best.</summary>
    public static int PieceAt(int length, int position) =>
        Math.Clamp((position - 256) / StrideBytes, 0, PieceCount(length) - 1);
}
