namespace WafOperator.Kubernetes.Reconciling;

/// <summary>How a queue spaces out the retries of one key.</summary>
public sealed record WorkQueueOptions
{
    /// <summary>The wait after the first failure; it doubles with each.</summary>
    public TimeSpan BackOffFirst { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Keys of one namespace that may be ready or worked on at once; more of them wait behind, in order, and take no
    /// worker from other namespaces.
    /// </summary>
    public int PerNamespaceMax { get; init; } = int.MaxValue;
}
