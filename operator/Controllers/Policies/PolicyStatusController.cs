using System.Collections.Concurrent;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Learning;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Policies.Conditions;
using WafOperator.Policies.Coverage;
using WafOperator.Policies.Targets;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;
using ConditionStatus = WafOperator.Resources.ConditionStatus;

namespace WafOperator.Controllers.Policies;

/// <summary>Writes the status of each WafPolicy: conditions, revision, coverage, models, learning. Runs on the leader.</summary>
public sealed class PolicyStatusController(
    PolicyCaches caches, CoverageCaches workloads, CompiledPolicies compiled, PolicyCoverage coverage, StatusWriter writer,
    LearnedPolicies learned, EventRecorder events, TimeProvider time) : IReconciler
{
    /// <summary>Sidecars fall silent without an event; look again by then.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<NamespacedName, UninspectedGrowth> _growth = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = caches.Policies.Cache.Get(key);
        if (policy is null || policy.Metadata.IsBeingDeleted)
        {
            learned.Remove(key);
            _growth.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var entry = compiled.Find(key);
        // The publisher is a moment behind; it enqueues this key when it is done.
        if (entry is null || entry.Generation < policy.Metadata.Generation) return ReconcileResult.After(TimeSpan.FromMilliseconds(200));

        var resolver = coverage.ResolverOf(key.Namespace);
        var pods = coverage.PodsOf(key, resolver);
        var next = StatusOf(policy, entry, resolver, pods);
        if (await writer.WriteAsync(ControllerKinds.Policies, policy, policy.Value.Status, next, cancellationToken))
            Announce(policy, next);
        return ReconcileResult.After(LookAgain);
    }

    private WafPolicyStatus StatusOf(
        Resource<WafPolicy> policy, CompiledPolicies.Entry entry, TargetResolver resolver, IReadOnlyList<CoveredPodView> pods)
    {
        var name = policy.Metadata.Name;
        var covered = pods
            .Select(p => PolicyCoverage.ToCovered(p, name, entry.Compilation.Document)).ToList();
        var uncaptured = coverage.UncapturedOf(
            policy.Metadata.Namespace ?? "", pods, policy.Value.Spec.Interception?.Required is true);
        var count = CoverageCalculator.Count(covered, entry.RevisionInForce) with
        {
            Uncaptured = uncaptured.Count(port => port.Kind == UncapturedKind.Around),
        };
        var counted = CountedOf(pods, name);
        List<IReadOnlyList<SeenValue>> seen =
            [.. pods.Where(pod => pod.Status?.Policy == name).Select(pod => pod.Status!.Vocabulary)];
        var conditions = PolicyConditions.Compute(new PolicyConditionInputs
        {
            Compilation = entry.Compilation,
            Conflicts = [.. resolver.Conflicts.Where(c => c.Policy == name)],
            MissingTargets = TargetResolver.MissingTargets(policy.Value, workloads.Workloads(policy.Metadata.Namespace ?? "")),
            Coverage = count,
            Rejections = [.. covered.Select(c => c.RejectedReason).OfType<string>().Distinct()],
            ModelProblems = ModelProblems.WordsOf(covered),
            Uncaptured = NamesOf(uncaptured, UncapturedKind.Around),
            Unresolved = NamesOf(uncaptured, UncapturedKind.Unresolved),
            NotHttp = NamesOf(uncaptured, UncapturedKind.NotHttp),
            Uninspected = [.. GrowthOf(policy.Metadata.Key, counted).Select(reason => reason.ToString())],
            RepairStopped = coverage.Repairs.Find(policy.Metadata, time.GetUtcNow())?.Words,
            HasRevisionInForce = entry.RevisionInForce is not null,
            Generation = policy.Metadata.Generation,
            Now = time.GetUtcNow(),
            Previous = policy.Value.Status?.Conditions ?? [],
        });
        return new WafPolicyStatus
        {
            ObservedGeneration = policy.Metadata.Generation,
            EffectiveMode = EffectiveModeOf(policy.Value, entry.ModeInForce, resolver),
            Revision = entry.RevisionInForce,
            Coverage = count,
            Inspection = InspectionSummary.Of([.. counted.Select(c => c.Counters)]),
            Models = ModelsOf(entry),
            Vocabulary = VocabularyProposals.Of(policy.Value.Spec.Rules ?? new(), seen),
            ParameterStyles = ParameterStyles.Of(seen),
            Learning = learned.Observe(policy.Metadata.Key, policy.Value, pods),
            Sharing = SharingOf(policy.Value, entry, pods),
            Feeds = [.. entry.FeedsInForce.Select(feed => Dated(feed, policy.Value.Status))],
            Conditions = conditions,
        };
    }

    private static SharingStatus? SharingOf(
        WafPolicy policy, CompiledPolicies.Entry entry, IReadOnlyList<CoveredPodView> pods) => SharingSummary.Of(
        entry.Compilation.Document, policy.Spec.Sharing?.Redis is not null,
        pods.Count(pod => ReplicaPublisher.IsCounted(pod.Pod)),
        [
            .. pods.Where(pod => pod.Status?.Policy == policy.Metadata.Name)
                .Select(pod => pod.Status!.Sharing).OfType<SharingReport>(),
        ]);

    private static List<string> NamesOf(IReadOnlyList<UncapturedPort> ports, UncapturedKind kind) =>
        [.. ports.Where(port => port.Kind == kind).Select(port => port.ToString())];

    private static List<CountedSidecar> CountedOf(IReadOnlyList<CoveredPodView> pods, string policy) =>
    [
        .. pods.Where(pod => pod.Status?.Policy == policy)
            .Select(pod => new CountedSidecar(pod.Pod.Metadata.Uid, pod.Status!.StartedAt, pod.Status.Inspection)),
    ];

    /// <summary>A feed that is as it was keeps its time.</summary>
    private AccessFeedStatus Dated(AccessFeedStatus feed, WafPolicyStatus? before) => feed with
    {
        ChangedAt = before?.Feeds.FirstOrDefault(old => old.Name == feed.Name && old.Digest == feed.Digest)?.ChangedAt
            ?? time.GetUtcNow(),
    };

    /// <summary>A key is reconciled by one worker at a time.</summary>
    private IReadOnlyList<UninspectedReason> GrowthOf(NamespacedName key, List<CountedSidecar> counted) =>
        _growth.GetOrAdd(key, static _ => new UninspectedGrowth()).Observe(counted, time.GetUtcNow());

    /// <summary>
    /// Mode of the revision that sidecars receive, which may be older than the spec. None while there is no revision,
    /// or where older policies hold all its targets and so no target runs it.
    /// </summary>
    private static PolicyMode? EffectiveModeOf(WafPolicy policy, InspectionMode? inForce, TargetResolver resolver)
    {
        var lost = resolver.Conflicts.Count(c => c.Policy == policy.Metadata.Name);
        if (inForce is null || (lost > 0 && lost >= policy.Spec.TargetRefs.Count)) return null;
        return inForce switch
        {
            InspectionMode.Off => PolicyMode.Off,
            InspectionMode.Enforce => PolicyMode.Enforce,
            _ => PolicyMode.Detect,
        };
    }

    private static List<PolicyModelStatus> ModelsOf(CompiledPolicies.Entry entry) =>
    [
        .. (entry.Compilation.Document?.Ml?.Models ?? []).Select(m => new PolicyModelStatus
        {
            Model = m.Model,
            Active = m.Baseline?.Version,
            Candidate = m.Candidate?.Version,
            CandidateWeight = m.Candidate is null ? null : m.CandidateWeightPercent,
        }),
    ];

    /// <summary>An event for each condition that changed its status: what a person sees in <c>kubectl describe</c>.</summary>
    private void Announce(Resource<WafPolicy> policy, WafPolicyStatus next)
    {
        var subject = EventSubject.Of(ControllerKinds.Policies, policy.Metadata);
        foreach (var condition in next.Conditions)
        {
            var before = policy.Value.Status?.Conditions.FirstOrDefault(c => c.Type == condition.Type);
            if (before?.Status == condition.Status && before.Reason == condition.Reason) continue;
            if (condition is { Type: "Accepted", Status: ConditionStatus.False } or { Type: "Degraded", Status: ConditionStatus.True })
                events.Warning(subject, condition.Reason, condition.Message);
            else if (condition is { Type: "Programmed", Status: ConditionStatus.True })
                events.Normal(subject, condition.Reason, condition.Message);
        }
    }
}
