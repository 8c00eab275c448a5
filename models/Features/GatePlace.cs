namespace WafOperator.Features;

/// <summary>A place of a value that looks like an attack.</summary>
/// <param name="Logit">The gate's logit of it.</param>
/// <param name="Start">Where the bytes around it begin.</param>
/// <param name="Length">How many they are.</param>
public readonly record struct GatePlace(double Logit, int Start, int Length)
{
    /// <summary>
    /// Places of a value that a network is asked about at most; one more may be found, which counts by the gate alone.
    /// </summary>
    public const int Max = 8;

    /// <summary>Where the bytes are.</summary>
    public Range Bytes => Start..(Start + Length);

    internal static GatePlace Of(double logit, Range bytes, int length)
    {
        var (start, count) = bytes.GetOffsetAndLength(length);
        return new GatePlace(logit, start, count);
    }
}
