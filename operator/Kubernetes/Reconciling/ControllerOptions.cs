using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Reconciling;

/// <summary>How a controller works.</summary>
public sealed record ControllerOptions
{
    /// <summary>Keys worked on at the same time.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>One reconcile may take so long; then it is cancelled and counts as failed.</summary>
    public TimeSpan ReconcileTimeMax { get; init; } = TimeSpan.FromMinutes(2);

    public WorkQueueOptions Queue { get; init; } = new();

    /// <summary>Order in which the keys of a start are worked on, lowest first; null: as they come.</summary>
    public Func<NamespacedName, int>? Rank { get; init; }
}
