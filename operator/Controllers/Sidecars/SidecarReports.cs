using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Sidecars;

/// <summary>What a sidecar last said, and when.</summary>
/// <param name="PodUid">Uid of the pod.</param>
/// <param name="Status">Within bounds.</param>
/// <param name="At">When it came.</param>
/// <param name="Bytes">What keeping it takes, about.</param>
public sealed record SidecarObservation(string PodUid, SidecarStatus Status, DateTimeOffset At, long Bytes = 0);

/// <summary>What became of a report.</summary>
public enum ReportOutcome
{
    /// <summary>It is the pod's last word now.</summary>
    Taken,

    /// <summary>
    /// The same, without hits, sketches and the words of models: the pods of its namespace say more than is kept.
    /// </summary>
    TakenInPart,

    /// <summary>There is no such pod, or it carries no sidecar of this installation; the cache may be behind.</summary>
    NotASidecar,

    /// <summary>The same pod reported a moment ago.</summary>
    TooSoon,
}

/// <summary>
/// The last report of every injected pod, as the pods push them. Bounded by the pods that exist: a report counts only
/// for a pod that the cache knows, by its uid, and that was recognised as injected. Reports are clamped when they come,
/// share a bound with those of their namespace, count for a while, and go with their pod. Used on the leader.
/// Thread-safe.
/// </summary>
public sealed class SidecarReports(
    Func<NamespacedName, PodView?> find, SidecarReportOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<NamespacedName, SidecarObservation> _observations = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();
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
        var next = StatusBounds.Clamp(
            status, name => options.IsExclusion(new NamespacedName(pod.Namespace, name)));
        var outcome = Keep(pod, new SidecarObservation(podUid, next, now, StatusBounds.BytesOf(next)));
        Prune();
        // A sidecar speaks for its own namespace only, whatever it says.
        if (next.Policy is { } policy && IsNews(before?.Status, next))
            Observed?.Invoke(new NamespacedName(pod.Namespace, policy));
        return outcome;
    }

    private ReportOutcome Keep(NamespacedName pod, SidecarObservation next)
    {
        lock (_writing)
        {
            var others = _bytes.GetValueOrDefault(pod.Namespace) - (_observations.GetValueOrDefault(pod)?.Bytes ?? 0);
            var fits = others + next.Bytes <= options.NamespaceBytesMax;
            if (!fits)
            {
                var status = StatusBounds.Short(next.Status);
                next = next with { Status = status, Bytes = StatusBounds.BytesOf(status) };
            }

            _observations[pod] = next;
            _bytes[pod.Namespace] = others + next.Bytes;
            return fits ? ReportOutcome.Taken : ReportOutcome.TakenInPart;
        }
    }

    private void Forget(NamespacedName pod)
    {
        lock (_writing)
        {
            if (!_observations.TryRemove(pod, out var seen)) return;
            var rest = _bytes.GetValueOrDefault(pod.Namespace) - seen.Bytes;
            if (rest > 0) _bytes[pod.Namespace] = rest;
            else _bytes.Remove(pod.Namespace);
        }
    }

    private void Prune()
    {
        var last = Interlocked.Read(ref _prunedAt);
        if (time.GetElapsedTime(last) < options.StaleAfter) return;
        if (Interlocked.CompareExchange(ref _prunedAt, time.GetTimestamp(), last) != last) return;
        var now = time.GetUtcNow();
        foreach (var (pod, seen) in _observations)
        {
            if (now - seen.At > options.StaleAfter) Forget(pod);
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

    /// <summary>
    /// Most bytes that the reports of one namespace take, about: some thousand pods with ordinary words.
    /// </summary>
    public long NamespaceBytesMax { get; init; } = 16L << 20;

    /// <summary>Whether there is an exclusion of that name. Hits of others are not kept.</summary>
    public Func<NamespacedName, bool> IsExclusion { get; init; } = static _ => true;
}
