using System.Collections.Concurrent;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Sums the counters of one rollout over all sidecars of its namespace into totals that only grow, although sidecars come and go: each
/// sidecar process adds what it counted since it was last seen. Totals live in memory; a new leader starts from what the status holds as the
/// step's beginning, so that what it has not seen is missing rather than counted twice.
/// </summary>
public sealed class RolloutCounting(CoverageCaches caches, SidecarStatusPoller poller)
{
    private readonly ConcurrentDictionary<(NamespacedName Version, string Digest), Total> _totals = new();

    /// <summary>Totals of a candidate now.</summary>
    public RolloutSamples Read(NamespacedName version, string candidateDigest, ModelVersionStatus status)
    {
        var total = _totals.GetOrAdd((version, candidateDigest), _ => new Total(
            RolloutSamples.FromCounters(status.Counters.ToDictionary(c => c.Name, c => c.Value))));
        foreach (var (process, counters) in Counters(version.Namespace, candidateDigest)) total.Add(process, RolloutSamples.Of(counters));
        return total.Sum;
    }

    /// <summary>Why a sidecar could not load the candidate, or null when none says so.</summary>
    public string? LoadFailure(string ns, string candidateDigest) => Statuses(ns)
        .SelectMany(s => s.Models)
        .FirstOrDefault(m => m.Digest == candidateDigest && m.State == "Failed")?.Message;

    private IEnumerable<((string Pod, DateTimeOffset Started), RolloutCounters)> Counters(string ns, string digest) =>
        from pod in caches.Pods.Cache.ByNamespace.Find(ns)
        where pod.HasSidecar
        let seen = poller.Find(pod)
        where seen is not null
        from counters in seen.Status.Rollouts
        where counters.CandidateDigest == digest
        select ((pod.Metadata.Uid, seen.Status.StartedAt), counters);

    private IEnumerable<SidecarStatus> Statuses(string ns) => caches.Pods.Cache.ByNamespace.Find(ns)
        .Where(p => p.HasSidecar).Select(p => poller.Find(p)?.Status).OfType<SidecarStatus>();

    private sealed class Total(RolloutSamples start)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<(string, DateTimeOffset), RolloutSamples> _seen = [];

        public RolloutSamples Sum { get; private set; } = start;

        public void Add((string, DateTimeOffset) process, RolloutSamples now)
        {
            lock (_lock)
            {
                Sum += now - (_seen.GetValueOrDefault(process) ?? new RolloutSamples());
                _seen[process] = now;
            }
        }
    }
}
