using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.LeaderElection;

/// <summary>
/// Which lease is fought for, and the times. They must satisfy Duration &gt; RenewWithin &gt; RetryEvery.
/// </summary>
public sealed record LeaseElectionOptions
{
    public required NamespacedName Lease { get; init; }

    /// <summary>Who we are: unique among the replicas, such as the pod's name.</summary>
    public required string Identity { get; init; }

    /// <summary>Others wait so long after the last renewal they saw before they take over.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that cannot renew within this time gives up, well before others take over.</summary>
    public TimeSpan RenewWithin { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryEvery { get; init; } = TimeSpan.FromSeconds(2);
}
