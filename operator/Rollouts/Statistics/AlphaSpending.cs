namespace WafOperator.Rollouts.Statistics;

/// <summary>
/// Shares a chance of error over any number of looks at growing data: look k gets α·6/(π²k²), which sums to α however
/// often one looks (a union bound, so it holds for dependent looks too). Looks late in a rollout ask for slightly more
/// evidence.
/// </summary>
public static class AlphaSpending
{
    /// <summary>The share of a look, counted from 1.</summary>
    public static double At(double alpha, int look)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(look, 1);
        return alpha * 6 / (Math.PI * Math.PI * look * look);
    }
}
