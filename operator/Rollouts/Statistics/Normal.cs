namespace WafOperator.Rollouts.Statistics;

/// <summary>The standard normal distribution.</summary>
public static class Normal
{
    /// <summary>
    /// The value that a standard normal variable exceeds with probability <paramref name="upperTail"/> (Acklam's
    /// rational approximation of the inverse, relative error below 1.2e-9).
    /// </summary>
    public static double Quantile(double upperTail)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(upperTail);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(upperTail, 1);
        return -Inverse(upperTail);
    }

    private static double Inverse(double p)
    {
        const double low = 0.02425;
        if (p < low) return Tail(Math.Sqrt(-2 * Math.Log(p)));
        if (p > 1 - low) return -Tail(Math.Sqrt(-2 * Math.Log(1 - p)));
        var q = p - 0.5;
        var r = q * q;
        var numerator = (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r
            + 138.3577518672690) * r
            - 30.66479806614716) * r + 2.506628277459239) * q;
        var denominator = ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r
            + 66.80131188771972) * r
            - 13.28068155288572) * r + 1;
        return numerator / denominator;
    }

    private static double Tail(double q)
    {
        var numerator = ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q
            + 4.374664141464968) * q + 2.938163982698783;
        var denominator = (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q
            + 3.754408661907416) * q + 1;
        return numerator / denominator;
    }
}
