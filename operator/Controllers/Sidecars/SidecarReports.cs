using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Sidecars;

/// <summary>What a sidecar last said, and when.</summary>
public sealed record SidecarObservation(string PodUid, SidecarStatus Status, DateTimeOffset At);

/// <summary>What became of a report.</summary>
public enum ReportOutcome
{
    /// <summary>It is the pod's last word now.</summary>
    Taken,

    /// <summary>There is no such pod, or it carries no sidecar of this installation; the cache may be behind.</summary>
    NotASidecar,

    /// <summary>The same pod reported a moment ago.</summary>
    TooSoon,
}

/// <summary>
/// The last report of every injected pod, as the pods push them. Bounded by the pods that exist: a report counts only
/// for a pod that the cache knows, by its uid, and that was recognised as injected. Reports are clamped when they come,
/// count for a while, and go with their pod. Used on the leader. Thread-safe.
/// </summary>
public sealed class SidecarReports(
    Func<NamespacedName, PodView?> find, SidecarReportOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<NamespacedName, SidecarObservation> _observations = new();
    private long _prunedAt = time.GetTimestamp();

    /// <summary>Called with the policy's key when a report changed something about it.</summary>
    public event Action<NamespacedName>? Observed;

    /// <summary>The last observation of a pod that is still fresh, or null.</summary>
    public SidecarObservation? Find(PodView pod) =>
        _observations.TryGetValue(pod.Metadata.Key, out var seen) && seen.PodUid == pod.Metadata.Uid
            && time.GetUtcNow() - seen.At <= options.StaleAfter
            ? seen
            : null;

    /// <summary>Takes what a pod says of itself; who it is was proven.</summary>
    public ReportOutcome Accept(NamespacedName pod, string podUid, SidecarStatus status)
    {
        var view = find(pod);
        if (view is not { HasSidecar: true, IsActive: true } || view.Metadata.Uid != podUid)
            return ReportOutcome.NotASidecar;
        var now = time.GetUtcNow();
        _observations.TryGetValue(pod, out var before);
        if (before is not null && before.PodUid != podUid) before = null;
        if (before is not null && now - before.At < options.SoonestAfter) return ReportOutcome.TooSoon;
        var next = StatusBounds.Clamp(status);
        _observations[pod] = new SidecarObservation(podUid, next, now);
        Prune();
        // A sidecar speaks for its own namespace only, whatever it says.
        if (next.Policy is { } policy && IsNews(before?.Status, next))
            Observed?.Invoke(new NamespacedName(pod.Namespace, policy));
        return ReportOutcome.Taken;
    }

    private void Prune()
    {
        var last = Interlocked.Read(ref _prunedAt);
        if (time.GetElapsedTime(last) < options.StaleAfter) return;
        if (Interlocked.CompareExchange(ref _prunedAt, time.GetTimestamp(), last) != last) return;
        var now = time.GetUtcNow();
        foreach (var (pod, seen) in _observations)
        {
            if (now - seen.At > options.StaleAfter) _observations.TryRemove(pod, out _);
        }
    }

    private static bool IsNews(SidecarStatus? before, SidecarStatus now) =>
        before is null || before.Revision != now.Revision || before.RejectedRevision != now.RejectedRevision
        || before.StartedAt != now.StartedAt || !before.Models.SequenceEqual(now.Models)
        || before.Requests.Total != now.Requests.Total || before.Mode != now.Mode;
}

/// <summary>How reports are kept.</summary>
public sealed record SidecarReportOptions
{
    /// <summary>A report older than this does not count; sidecars report every ten seconds at least.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A pod that reports more often than this is not listened to.</summary>
    public TimeSpan SoonestAfter { get; init; } = TimeSpan.FromMilliseconds(200);
}
