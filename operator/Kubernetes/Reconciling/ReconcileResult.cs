namespace WafOperator.Kubernetes.Reconciling;

/// <summary>The outcome of a reconcile that did not fail.</summary>
/// <param name="RequeueAfter">When to look again even if nothing changes, or null for not at all.</param>
public readonly record struct ReconcileResult(TimeSpan? RequeueAfter)
{
    /// <summary>Nothing more to do until something changes.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Look again after a while.</summary>
    public static ReconcileResult After(TimeSpan delay) => new(delay);
}
