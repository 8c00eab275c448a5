namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>A scenario that needs the product in a cluster; skipped, with the way to get one, when there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        Timeout = 5 * 60 * 1000;
        if (System.Environment.GetEnvironmentVariable("WAF_E2E_CLUSTER") is not { Length: > 0 })
            Skip = "needs the product in a cluster: run ./test, or: . <(e2e/cluster/install-for-tests)";
    }
}
