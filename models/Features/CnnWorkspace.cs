namespace WafOperator.Features;

/// <summary>Buffers of one forward pass; reused, for one thread at a time.</summary>
public sealed class CnnWorkspace
{
    /// <summary>Pooled positions of the longest window, with room for the widest reach of a convolution on both sides.</summary>
    internal const int Margin = CnnWeights.DilationMax;
    internal const int PositionsMax = CnnTokenizer.TokensMax / CnnWeights.Pool;

    private const int Size = (PositionsMax + 2 * Margin) * CnnWeights.Channels;

    internal float[] Pooled { get; } = new float[Size];
    internal float[] Second { get; } = new float[Size];
    internal float[] Third { get; } = new float[Size];
    internal float[] Summary { get; } = new float[2 * CnnWeights.Channels];
    internal float[] Hidden { get; } = new float[CnnWeights.Hidden];
    internal float[] Candidate { get; } = new float[CnnWeights.Hidden];
    internal int[] Tokens { get; } = new int[CnnTokenizer.TokensMax];
}
