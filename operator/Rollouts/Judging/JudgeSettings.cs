namespace WafOperator.Rollouts.Judging;

/// <summary>What a judge goes by.</summary>
public sealed record JudgeSettings
{
    /// <summary>Pairs that must be seen before anything passes.</summary>
    public long MinimumSamples { get; init; } = 2_000;

    /// <summary>
    /// Observations of a metric under which it does not fail: the bounds are approximations, and the first requests of
    /// a new version are unlike the rest. Labelled requests need half of it.
    /// </summary>
    public long MinimumToFail { get; init; } = 50;

    /// <summary>Most that a metric may be worse, as a share (0.02 is two points).</summary>
    public double RegressionMax { get; init; } = 0.02;

    /// <summary>Chance of a wrong answer over all looks of a step, for each direction.</summary>
    public double Alpha { get; init; } = 0.01;

    /// <summary>
    /// Attack pairs under which traffic says nothing about recall; the golden corpus then stands for it.
    /// </summary>
    public long MinimumAttacks { get; init; } = 100;
}
