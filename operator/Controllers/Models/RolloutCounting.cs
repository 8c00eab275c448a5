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
public sealed class RolloutCounting(CoverageCaches caches, SidecarReports reports)
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

    /// <summary>
    /// Why sidecars cannot use the candidate; null while too few say so. One of several may be broken, or lie.
    /// </summary>
    public string? LoadFailure(string ns, string candidateDigest)
    {
        var states = Statuses(ns).Select(s => s.Models.FirstOrDefault(m => m.Digest == candidateDigest))
            .OfType<ModelStatus>().ToList();
        var failed = states.Where(m => m.State == "Failed").ToList();
        if (!IsEnough(failed.Count, states.Count)) return null;
        var words = failed.GroupBy(m => m.Message ?? "it cannot be loaded").MaxBy(group => group.Count())!.Key;
        return states.Count == 1 ? words : $"{failed.Count} of {states.Count} sidecars: {words}";
    }

    /// <summary>More than half of those that know the candidate, or three that are at least a tenth. Pure.</summary>
    internal static bool IsEnough(int failed, int all) => failed * 2 > all || (failed >= 3 && failed * 10 >= all);

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
        let seen = reports.Find(pod)
        where seen is not null
        from counters in seen.Status.Rollouts
        where counters.CandidateDigest == version.Value.Spec.Artifact.Digest && counters.Salt == version.Metadata.Uid
            && counters.Step == step
        select ((pod.Metadata.Uid, seen.Status.StartedAt), counters);

    private IEnumerable<SidecarStatus> Statuses(string ns) => caches.Pods.Cache.ByNamespace.Find(ns)
        .Where(p => p.HasSidecar).Select(p => reports.Find(p)?.Status).OfType<SidecarStatus>();

    private sealed class Step(int number)
    {
        private readonly ConcurrentDictionary<(string, DateTimeOffset), RolloutSamples> _processes = new();

        public int Number { get; } = number;

        public void Set((string, DateTimeOffset) process, RolloutSamples now) => _processes[process] = now;

        public RolloutSamples Sum() => RolloutSamples.Sum([.. _processes.Values]);
    }
}
