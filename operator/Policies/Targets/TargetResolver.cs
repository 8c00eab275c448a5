using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Targets;

/// <summary>
/// Which policy of one namespace protects what. A workload that two policies claim belongs to the older one (creation
/// time, then name), and so does a pod that several targets select; what a policy targets by <c>targetRefs</c> comes
/// before what a pod asks for by annotation, so that
/// an application cannot choose a weaker policy than the one its namespace gave it. Pure and immutable.
/// </summary>
public sealed class TargetResolver
{
    private readonly List<WafPolicy> _byAge;
    private readonly Dictionary<(TargetKind, string), WafPolicy> _claims = [];
    private readonly List<(PodSelectorSpec Selector, WafPolicy Policy)> _selectors = [];
    private readonly List<TargetConflict> _conflicts = [];

    /// <param name="policies">All policies of the namespace.</param>
    public TargetResolver(IEnumerable<WafPolicy> policies)
    {
        _byAge = [.. policies
            .Where(p => p.Metadata.DeletionTimestamp is null)
            .OrderBy(p => p.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue)
            .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)];
        foreach (var policy in _byAge)
        {
            foreach (var target in policy.Spec.TargetRefs) Claim(policy, target);
        }
    }

    /// <summary>Claims that came too late.</summary>
    public IReadOnlyList<TargetConflict> Conflicts => _conflicts;

    /// <summary>Name of the policy that protects a pod, or null.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="workloads">Workloads of the namespace.</param>
    public string? PolicyFor(PodIdentity pod, IEnumerable<Workload> workloads)
    {
        if (_claims.Count > 0 || _selectors.Count > 0)
        {
            var claimed = workloads
                .Where(w => _claims.ContainsKey((w.Kind, w.Name)) && w.Selects(pod))
                .Select(w => _claims[(w.Kind, w.Name)])
                .Concat(_selectors.Where(s => s.Selector.Matches(pod.Labels)).Select(s => s.Policy))
                .ToHashSet();
            if (CronJobOf(pod) is { } cron && _claims.TryGetValue((TargetKind.CronJob, cron), out var ofCron))
                claimed.Add(ofCron);
            if (_byAge.Find(claimed.Contains) is { } oldest) return oldest.Metadata.Name;
        }

        return pod.PolicyAnnotation is { Length: > 0 } name && _byAge.Exists(p => p.Metadata.Name == name) ? name
            : null;
    }

    /// <summary>
    /// Targets of a policy that do not exist. A selector may select nothing, and CronJobs are known by their Jobs only.
    /// </summary>
    public static IReadOnlyList<PolicyTargetReference> MissingTargets(WafPolicy policy,
        IReadOnlyList<Workload> workloads) =>
        [.. policy.Spec.TargetRefs.Where(t => t.Kind is not (TargetKind.Pod or TargetKind.CronJob)
            && (!IsOurs(t) || !workloads.Any(w => w.Kind == t.Kind && w.Name == t.Name)))];

    /// <summary>A kind of another API group of the same name is not what a policy can target.</summary>
    private static bool IsOurs(PolicyTargetReference target) =>
        target.Group is not { } group || group == target.Kind switch
        {
            TargetKind.Service or TargetKind.Pod => "",
            TargetKind.Job or TargetKind.CronJob => "batch",
            _ => "apps",
        };

    /// <summary>
    /// The CronJob of a pod by the name of its Job, which the controller makes of the CronJob's name and the time: the
    /// Job itself may be too new to be known.
    /// </summary>
    private static string? CronJobOf(PodIdentity pod)
    {
        if (pod.Owner is not { Kind: "Job", Name: var job }) return null;
        var dash = job.LastIndexOf('-');
        return dash > 0 && dash < job.Length - 1 && job.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? job[..dash] : null;
    }

    private void Claim(WafPolicy policy, PolicyTargetReference target)
    {
        if (!IsOurs(target)) return;
        if (target.Kind == TargetKind.Pod)
        {
            if (target.Selector is { } selector) _selectors.Add((selector, policy));
            return;
        }

        var key = (target.Kind, target.Name);
        if (_claims.TryAdd(key, policy) || ReferenceEquals(_claims[key], policy)) return;
        _conflicts.Add(new TargetConflict(policy.Metadata.Name ?? "", target, _claims[key].Metadata.Name ?? ""));
    }
}

/// <summary>A claim that came too late.</summary>
/// <param name="Policy">Policy that claims.</param>
/// <param name="Target">What it claims.</param>
/// <param name="Holder">Older policy that has it.</param>
public sealed record TargetConflict(string Policy, PolicyTargetReference Target, string Holder);
