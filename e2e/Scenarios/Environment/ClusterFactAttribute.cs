namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>A scenario that needs the product in a cluster; skipped, with the way to get one, when there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public const string SkipReason = "needs the product in a cluster: run ./test, or: . <(e2e/cluster/install-for-tests)";

    public ClusterFactAttribute()
    {
        Timeout = 5 * 60 * 1000;
        if (IsSkipped) Skip = SkipReason;
    }

    /// <summary>
    /// The scenario stops programs or reads files of the cluster's node, which on somebody's own cluster
    /// (<c>KUBECONFIG</c>) nobody may. There it is named as not run; on the local cluster, which <c>./test</c> starts,
    /// it always runs.
    /// </summary>
    public bool IsLocalOnly
    {
        get;
        init
        {
            field = value;
            if (value && !IsSkipped && System.Environment.GetEnvironmentVariable("WAF_E2E_CLUSTER") != "local")
                Skip = "needs the local cluster, whose node is this machine";
        }
    }

    /// <summary>True where nobody has prepared a cluster.</summary>
    public static bool IsSkipped => System.Environment.GetEnvironmentVariable("WAF_E2E_CLUSTER") is not { Length: > 0 };
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterTheoryAttribute : TheoryAttribute
{
    public ClusterTheoryAttribute()
    {
        Timeout = 5 * 60 * 1000;
        if (ClusterFactAttribute.IsSkipped) Skip = ClusterFactAttribute.SkipReason;
    }
}
