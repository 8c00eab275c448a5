using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers;

/// <summary>How controllers work that wait for others' servers.</summary>
public static class OutgoingWork
{
    /// <summary>A namespace holds one worker, whatever its servers do.</summary>
    public static ControllerOptions Options { get; } = new()
    {
        Workers = 4, ReconcileTimeMax = TimeSpan.FromMinutes(6), Queue = new WorkQueueOptions { PerNamespaceMax = 1 },
    };
}
