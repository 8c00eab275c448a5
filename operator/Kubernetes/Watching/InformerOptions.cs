using WafOperator.Kubernetes.Client;

namespace WafOperator.Kubernetes.Watching;

/// <summary>Which objects an informer holds, and how patient it is.</summary>
public sealed record InformerOptions
{
    /// <summary>Namespace and selectors; all objects by default.</summary>
    public ListOptions Selection { get; init; } = ListOptions.All;

    public WatchLimits Limits { get; init; } = WatchLimits.Default;

    /// <summary>The wait after the first failure; it doubles.</summary>
    public TimeSpan BackOffFirst { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromSeconds(30);
}
