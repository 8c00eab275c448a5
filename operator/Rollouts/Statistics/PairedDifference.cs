namespace WafOperator.Rollouts.Statistics;

/// <summary>
/// Requests that both versions scored: how often only the candidate, or only the baseline, gave the unwanted answer.
/// What both agree on says nothing about their difference (McNemar 1947).
/// </summary>
/// <param name="CandidateOnly">Only the candidate was wrong.</param>
/// <param name="BaselineOnly">Only the baseline was wrong.</param>
/// <param name="Total">All pairs.</param>
public readonly record struct PairedDifference(long CandidateOnly, long BaselineOnly, long Total)
{
    /// <summary>How much more often the candidate is wrong, as a share.</summary>
    public double Estimate => Total == 0 ? 0 : (double)(CandidateOnly - BaselineOnly) / Total;

    /// <summary>
    /// Confidence bounds of the difference: Wald's interval on the discordant cells with two pseudo-observations in
    /// each (Agresti and Min 2005), which keeps its level for few and for no discordant pairs.
    /// </summary>
    /// <param name="z">Normal quantile of the wanted one-sided level.</param>
    public (double Lower, double Upper) Bounds(double z)
    {
        if (Total == 0) return (-1, 1);
        double b = CandidateOnly + 0.5, c = BaselineOnly + 0.5, n = Total + 2;
        var difference = (b - c) / n;
        var spread = z * Math.Sqrt(Math.Max(0, b + c - ((b - c) * (b - c) / n))) / n;
        return (difference - spread, difference + spread);
    }
}
