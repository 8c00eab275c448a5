using WafOperator.Behaviour.Keys;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Proxy.Sharing;

/// <summary>How this replica counts for a policy. Immutable.</summary>
/// <param name="Limits">By itself: all of a limit, or its part.</param>
/// <param name="Replicas">Replicas by which limits are divided.</param>
/// <param name="Counting">Together with the others; null where there is no Redis.</param>
internal sealed record ReplicaSharing(LimitSharing Limits, ReplicaCount Replicas, SharedCounting? Counting)
{
    /// <summary>Each replica by itself, all of a limit.</summary>
    public static ReplicaSharing None { get; } = new(LimitSharing.PerReplica, new ReplicaCount(), null);

    /// <summary>Hashes of clients' keys.</summary>
    public KeyHashes Hashes => Counting?.Hashes ?? KeyHashes.OfProcess;

    /// <summary>Parts that a limit is divided into where it is counted here.</summary>
    public int Parts => Limits is LimitSharing.Divided ? Replicas.Count : 1;

    /// <summary>What the operator is told.</summary>
    public SharingReport Report() => new()
    {
        Replicas = Parts, Connected = Counting?.Link.IsUp, Problem = Counting?.Link.Problem,
        Debt = Counting?.Debts.Units ?? 0,
    };
}
