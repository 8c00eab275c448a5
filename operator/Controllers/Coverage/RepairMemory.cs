using System.Collections.Immutable;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Coverage;

/// <summary>What became of the last eviction, and whether another may follow.</summary>
internal enum RepairNext
{
    /// <summary>Another pod may go.</summary>
    GoOn,

    /// <summary>The successor is not there, or not ready: wait.</summary>
    Wait,

    /// <summary>The successor came back bare: more evictions would only take the application down.</summary>
    Stop,
}

/// <summary>An eviction, and the pods of its controller as they were before. Immutable.</summary>
/// <param name="Owner">The controller.</param>
/// <param name="Pods">Uids of its pods.</param>
/// <param name="Ready">How many of them served.</param>
/// <param name="At">When.</param>
internal sealed record RepairMemory(
    OwnerReference Owner, ImmutableHashSet<string> Pods, int Ready, DateTimeOffset At)
{
    /// <summary>Remembers the eviction of one of these pods.</summary>
    public static RepairMemory Of(PodView evicted, IReadOnlyList<PodView> pods, DateTimeOffset at)
    {
        var own = pods.Where(p => p.Owner?.Uid == evicted.Owner!.Uid).ToList();
        return new(evicted.Owner!, [.. own.Select(p => p.Metadata.Uid)], own.Count(p => p.IsReady), at);
    }

    /// <summary>
    /// Judges by the pods as they are now. A controller that makes no pod for the one that went (a quota, a webhook
    /// that refuses it) shows as one that serves less than before. Pure.
    /// </summary>
    /// <param name="pods">Pods of the policy now.</param>
    /// <param name="wanted">How many its controller wants, if this is known: it may have been scaled down.</param>
    public RepairNext Next(IReadOnlyList<PodView> pods, int? wanted)
    {
        var own = pods.Where(p => p.Owner?.Uid == Owner.Uid).ToList();
        var successors = own.Where(p => !Pods.Contains(p.Metadata.Uid)).ToList();
        if (successors.Exists(p => !p.HasSidecar)) return RepairNext.Stop;
        var isThere = successors.Count > 0 || (wanted is { } count && own.Count >= count);
        return isThere && own.Count(p => p.IsReady) >= Math.Min(Ready, wanted ?? Ready)
            ? RepairNext.GoOn : RepairNext.Wait;
    }
}
