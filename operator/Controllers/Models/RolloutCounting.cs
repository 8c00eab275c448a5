using System.Collections.Concurrent;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Sums the counters of a rollout's present step over all sidecars of its namespace into totals that only grow,
/// although sidecars come and go. Sidecars count each step from zero, so a new leader reads the same numbers; only what
/// ended sidecars had counted is then missing, and nothing is ever counted twice.
/// </summary>
public sealed class RolloutCounting(CoverageCaches caches, SidecarStatusPoller poller)
{
    private readonly ConcurrentDictionary<string, Step> _steps = new();

    /// <summary>Totals of a version's present step.</summary>
    public RolloutSamples Read(Resource<ModelVersion> version)
    {
        var step = StepOf(version.Value.Status);
        var counted = _steps.AddOrUpdate(
            version.Metadata.Uid, _ => new Step(step), (_, known) => known.Number == step ? known : new Step(step));
        foreach (var (process, counters) in Counters(version, step)) counted.Set(process, RolloutSamples.Of(counters));
        return counted.Sum();
    }

    /// <summary>The rollout is over: its numbers are not needed any more.</summary>
    public void Forget(Resource<ModelVersion> version) => _steps.TryRemove(version.Metadata.Uid, out _);

    /// <summary>Why a sidecar cannot use the candidate, or null when none says so.</summary>
    public string? LoadFailure(string ns, string candidateDigest) => Statuses(ns)
        .SelectMany(s => s.Models)
        .FirstOrDefault(m => m.Digest == candidateDigest && m.State == "Failed")?.Message;

    /// <summary>Sidecars of a namespace that still give a version any part in their decisions.</summary>
    public int UsersOf(string ns, string candidateDigest) =>
        Statuses(ns).Count(s => s.Rollouts.Any(r => r.CandidateDigest == candidateDigest));

    /// <summary>As policy documents number it: 0 in shadow, then the canary's steps.</summary>
    private static int StepOf(ModelVersionStatus? status) =>
        status is { Phase: ModelPhase.Canary } ? status.Step + 1 : 0;

    private IEnumerable<((string Pod, DateTimeOffset Started), RolloutCounters)> Counters(
        Resource<ModelVersion> version, int step) =>
        from pod in caches.Pods.Cache.ByNamespace.Find(version.Metadata.Key.Namespace)
        where pod.HasSidecar
        let seen = poller.Find(pod)
        where seen is not null
        from counters in seen.Status.Rollouts
        where counters.CandidateDigest == version.Value.Spec.Artifact.Digest && counters.Salt == version.Metadata.Uid
            && counters.Step == step
        select ((pod.Metadata.Uid, seen.Status.StartedAt), counters);

    private IEnumerable<SidecarStatus> Statuses(string ns) => caches.Pods.Cache.ByNamespace.Find(ns)
        .Where(p => p.HasSidecar).Select(p => poller.Find(p)?.Status).OfType<SidecarStatus>();

    private sealed class Step(int number)
    {
        private readonly ConcurrentDictionary<(string, DateTimeOffset), RolloutSamples> _processes = new();

        public int Number { get; } = number;

        public void Set((string, DateTimeOffset) process, RolloutSamples now) => _processes[process] = now;

        public RolloutSamples Sum() => _processes.Values.Aggregate(new RolloutSamples(), (sum, one) => sum + one);
    }
}
