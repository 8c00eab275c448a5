namespace WafOperator.Rollouts.Statistics;

/// <summary>Two independent shares, such as error rates of two arms.</summary>
public readonly record struct RateDifference(
    long CandidateHits, long CandidateTotal, long BaselineHits, long BaselineTotal)
{
    /// <summary>How much larger the candidate's share is.</summary>
    public double Estimate => Share(CandidateHits, CandidateTotal) - Share(BaselineHits, BaselineTotal);

    /// <summary>Confidence bounds by Newcombe's hybrid score interval (1998), made of two Wilson intervals.</summary>
    public (double Lower, double Upper) Bounds(double z)
    {
        if (CandidateTotal == 0 || BaselineTotal == 0) return (-1, 1);
        var (cl, cu) = Wilson(CandidateHits, CandidateTotal, z);
        var (bl, bu) = Wilson(BaselineHits, BaselineTotal, z);
        double c = Share(CandidateHits, CandidateTotal), b = Share(BaselineHits, BaselineTotal);
        return (c - b - Math.Sqrt(((c - cl) * (c - cl)) + ((bu - b) * (bu - b))),
            c - b + Math.Sqrt(((cu - c) * (cu - c)) + ((b - bl) * (b - bl))));
    }

    /// <summary>Wilson's score interval of a share (1927).</summary>
    public static (double Lower, double Upper) Wilson(long hits, long total, double z)
    {
        if (total == 0) return (0, 1);
        var p = (double)hits / total;
        var center = (p + (z * z / (2 * total))) / (1 + (z * z / total));
        var spread = z * Math.Sqrt((p * (1 - p) / total) + (z * z / (4.0 * total * total))) / (1 + (z * z / total));
        return (Math.Max(0, center - spread), Math.Min(1, center + spread));
    }

    private static double Share(long hits, long total) => total == 0 ? 0 : (double)hits / total;
}
