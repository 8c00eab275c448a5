using System.Collections.Concurrent;
using WafOperator.Controllers.Coverage;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Learning;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Controllers.Learning;

/// <summary>Where merged observations go: the distribution, which serves them to the sidecars of the policy.</summary>
public interface ILearningSink
{
    /// <summary>Puts the text form of the merged observations in place of the last.</summary>
    void Publish(NamespacedName policy, string learned);

    /// <summary>The policy was deleted, or learns no more.</summary>
    void Remove(NamespacedName policy);
}

/// <summary>
/// What the sidecars of each policy learned, together. Every report replaces the pod's last one, so nothing counts
/// twice; pods that ended still count for <see cref="RememberFor"/>, so that a deployment of the application does not
/// start learning anew. In memory: an operator that starts again hears it from the sidecars that run. Thread-safe.
/// </summary>
public sealed class LearnedPolicies(ILearningSink sink, TimeProvider time)
{
    /// <summary>Pods remembered for a policy; the longest silent go first.</summary>
    public const int PodsMax = 256;

    /// <summary>How long a pod that ended counts.</summary>
    public static readonly TimeSpan RememberFor = TimeSpan.FromHours(24);

    /// <summary>Merging is not done again sooner than this.</summary>
    private static readonly TimeSpan MergeAfter = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<NamespacedName, Memory> _policies = new();

    /// <summary>Takes what pods report now; gives the status, or null when nobody learns.</summary>
    public LearningStatus? Observe(NamespacedName key, WafPolicy policy, IReadOnlyList<CoveredPodView> pods)
    {
        var memory = _policies.GetOrAdd(key, static _ => new Memory());
        lock (memory)
        {
            var now = time.GetUtcNow();
            var reports = new List<LearningReport>();
            foreach (var pod in pods)
            {
                if (pod.Status is not { Learning: { } report } status || status.Policy != key.Name) continue;
                reports.Add(report);
                if (LearnedScores.Read(report.Sketches) is { } scores)
                    memory.Pods[pod.Pod.Metadata.Uid] = (scores, now);
            }

            Forget(memory, now);
            if (reports.Count == 0 && memory.Pods.Count == 0) return null;
            if (memory.Pods.Count > 0 && now >= memory.MergedAt + MergeAfter)
            {
                memory.Merged = LearnedScores.Merge([.. memory.Pods.Values.Select(p => p.Scores)]);
                memory.MergedAt = now;
                sink.Publish(key, memory.Merged.Write());
            }

            return StatusOf(policy, memory.Merged, reports);
        }
    }

    /// <summary>The policy was deleted.</summary>
    public void Remove(NamespacedName key)
    {
        if (_policies.TryRemove(key, out _)) sink.Remove(key);
    }

    private static void Forget(Memory memory, DateTimeOffset now)
    {
        foreach (var (uid, entry) in memory.Pods.OrderByDescending(p => p.Value.At).Skip(PodsMax)
            .Concat(memory.Pods.Where(p => now - p.Value.At > RememberFor)).ToList())
        {
            memory.Pods.Remove(uid);
        }
    }

    private static LearningStatus StatusOf(WafPolicy policy, LearnedScores? merged, List<LearningReport> reports)
    {
        var spec = policy.Spec.Ml?.Learning ?? new LearningSpec();
        var wanted = Math.Max(1, spec.MinimumRequests);
        var together = merged ?? new LearnedScores
        {
            Requests = reports.Sum(r => r.Requests), WouldBlock = reports.Sum(r => r.WouldBlock),
        };
        return new LearningStatus
        {
            Requests = together.Requests,
            Progress = (int)Math.Min(100, together.Requests * 100 / wanted),
            // Each sidecar decides by its own; they differ while one has not adopted the others' observations yet.
            ProposedThreshold = Text(reports.Max(r => r.ProposedThreshold)),
            AppliedThreshold = Text(reports.Max(r => r.AppliedThreshold)),
            WouldBlock = together.WouldBlock,
            SafeToEnforce = together.IsSafeToEnforce(wanted, DecimalText.ParseDouble(spec.TargetFalsePositiveRate)),
        };
    }

    private static string? Text(double? number) =>
        number?.ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);

    private sealed class Memory
    {
        public Dictionary<string, (LearnedScores Scores, DateTimeOffset At)> Pods { get; } =
            new(StringComparer.Ordinal);

        public LearnedScores? Merged { get; set; }

        public DateTimeOffset MergedAt { get; set; } = DateTimeOffset.MinValue;
    }
}
