using WafOperator.Policies.Compilation;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Conditions;

/// <summary>Everything the conditions of a policy are computed from.</summary>
public sealed record PolicyConditionInputs
{
    public required PolicyCompilation Compilation { get; init; }

    /// <summary>Claims of this policy that came too late.</summary>
    public IReadOnlyList<TargetConflict> Conflicts { get; init; } = [];

    /// <summary>Targets that do not exist.</summary>
    public IReadOnlyList<PolicyTargetReference> MissingTargets { get; init; } = [];

    public required CoverageStatus Coverage { get; init; }

    /// <summary>Reasons of sidecars that refused the revision.</summary>
    public IReadOnlyList<string> Rejections { get; init; } = [];

    /// <summary>Models that do not score, with their pods; empty when all do.</summary>
    public string ModelProblems { get; init; } = "";

    /// <summary>Service ports that lead around sidecars, as <c>Service NAME port NUMBER</c>.</summary>
    public IReadOnlyList<string> Uncaptured { get; init; } = [];

    /// <summary>Service ports that target a name which no container of a covered pod declares.</summary>
    public IReadOnlyList<string> Unresolved { get; init; } = [];

    /// <summary>Service ports that say they do not carry HTTP and lead to covered pods.</summary>
    public IReadOnlyList<string> NotHttp { get; init; } = [];

    /// <summary>Reasons that nobody chose and for which requests were lately not inspected whole.</summary>
    public IReadOnlyList<string> Uninspected { get; init; } = [];

    /// <summary>Why pods without a sidecar are not evicted for now, though the policy asks for it; or null.</summary>
    public string? RepairStopped { get; init; }

    /// <summary>A revision is in force, possibly an older one.</summary>
    public bool HasRevisionInForce { get; init; }
    public long Generation { get; init; }
    public DateTimeOffset Now { get; init; }
    public IReadOnlyList<Condition> Previous { get; init; } = [];
}

/// <summary>
/// The conditions of a WafPolicy: <c>Accepted</c> (the spec is good), <c>ResolvedRefs</c> (what it names exists),
/// <c>Programmed</c> (every covered pod runs it), <c>Degraded</c> (something needs a look), <c>Weakened</c> (an
/// exclusion takes a whole
/// kind of protection away), <c>Stalled</c> (the spec has to change), <c>Ready</c> (accepted, resolved and programmed).
/// Pure; reasons are documented in crds/conditions.md.
/// </summary>
public static class PolicyConditions
{
    private const int MessageLengthMax = 1_024;

    /// <summary>All of them, with transition times that only change with the status.</summary>
    public static IReadOnlyList<Condition> Compute(PolicyConditionInputs inputs)
    {
        var accepted = Accepted(inputs);
        var resolved = ResolvedRefs(inputs);
        var programmed = Programmed(inputs);
        var degraded = Degraded(inputs);
        var ready = Ready(accepted, resolved, programmed);
        var weakened = Weakened(inputs);
        var stalled = Stalled(accepted);
        return
        [
            .. new[] { accepted, resolved, programmed, degraded, weakened, stalled, ready }
                .Select(d => d.ToCondition(inputs)),
        ];
    }

    private static Draft Accepted(PolicyConditionInputs inputs)
    {
        if (inputs.Conflicts.Count > 0)
        {
            var first = inputs.Conflicts[0];
            return new("Accepted", ConditionStatus.False, "Conflicted",
                $"{first.Target} is already protected by the older WafPolicy {first.Holder}; "
                + "take it out of one of the two targetRefs");
        }

        // What is named and missing belongs to ResolvedRefs.
        var errors = inputs.Compilation.Findings
            .Where(f => f is { Severity: FindingSeverity.Error, Kind: not FindingKind.RulesNotFound }).ToList();
        if (errors.Count == 0) return new("Accepted", ConditionStatus.True, "Accepted", "the policy is valid");
        var kept = inputs.HasRevisionInForce ? "; the last good revision stays in force" : "";
        return new("Accepted", ConditionStatus.False, errors[0].Kind == FindingKind.InvalidRules ? "InvalidRules"
            : "Invalid",
            Cut(string.Join("; ", errors.Take(5).Select(e => e.ToString()))) + kept);
    }

    private static Draft ResolvedRefs(PolicyConditionInputs inputs)
    {
        if (inputs.MissingTargets.Count > 0)
        {
            return new("ResolvedRefs", ConditionStatus.False, "TargetNotFound", "not found in this namespace: "
                + string.Join(", ", inputs.MissingTargets.Take(5).Select(t => t.ToString())));
        }

        var missing = inputs.Compilation.Findings
            .FirstOrDefault(f => f.Kind is FindingKind.ModelNotFound or FindingKind.PoolNotFound
                or FindingKind.KeyNotFound or FindingKind.RulesNotFound or FindingKind.RedisNotFound
                or FindingKind.FeedNotFound);
        return missing is null
            ? new("ResolvedRefs", ConditionStatus.True, "ResolvedRefs", "everything the policy names exists")
            : new("ResolvedRefs", ConditionStatus.False, missing.Kind.ToString(), Cut(missing.ToString()));
    }

    private static Draft Programmed(PolicyConditionInputs inputs)
    {
        var coverage = inputs.Coverage;
        if (!inputs.HasRevisionInForce)
            return new("Programmed", ConditionStatus.False, "NoRevision", "there is no valid revision to program yet");
        // Nothing is left to do, and tools that wait for it (kstatus) must end.
        if (coverage.Matched == 0)
        {
            return new("Programmed", ConditionStatus.True, "NoPods",
                "no pod of the targets runs; the next ones get this revision");
        }

        if (inputs.ModelProblems.Length > 0)
            return new("Programmed", ConditionStatus.False, "ModelsNotLoaded",
                Cut($"models do not score, and rules decide: {inputs.ModelProblems}"));
        if (coverage.Missing > 0 && coverage.Programmed == coverage.Injected)
            return new("Programmed", ConditionStatus.False, "PodsWithoutSidecar", Cut(MissingWords(coverage)));
        return coverage.Programmed == coverage.Matched
            ? new("Programmed", ConditionStatus.True, "Programmed", $"all {coverage.Matched} pods run this revision")
            : new("Programmed", ConditionStatus.False, "Progressing",
                $"{coverage.Programmed} of {coverage.Matched} pods run this revision, {coverage.Stale} do not yet"
                + (coverage.Missing == 0 ? "" : $" and {coverage.Missing} have no sidecar"));
    }

    /// <summary>How many pods, which, why, and what to do about the first reason.</summary>
    private static string MissingWords(CoverageStatus coverage)
    {
        var reasons = coverage.MissingReasons.Select(missing => string.Join(", ", missing.Pods)
            + (missing.Count > missing.Pods.Count ? $" and {missing.Count - missing.Pods.Count} more" : "")
            + $" ({missing.Reason})");
        return $"{coverage.Missing} of {coverage.Matched} pods have no sidecar: {string.Join(", ", reasons)}; "
            + (coverage.MissingReasons is [var first, ..] ? NextStep(first.Reason) : NextStep(""));
    }

    private static string NextStep(string reason) => reason switch
    {
        "NotRequested" or "OptedOut" => "annotate the pod template with wafoperator.dev/inject: \"true\", or set "
            + "interception.required",
        "SharedProcesses" => "take shareProcessNamespace and hostPID away, or the workload out of targetRefs",
        "HostNetwork" => "take hostNetwork away, or the workload out of targetRefs",
        "NoPorts" => "declare the container ports, or take the workload out of targetRefs",
        "Replaced" => "delete the pods: their sidecar is not what was injected",
        "UnsupportedSystem" or "RunsToCompletion" => "take the workload out of targetRefs: it cannot have a sidecar",
        _ => "restart them: kubectl rollout restart",
    };

    private static Draft Degraded(PolicyConditionInputs inputs)
    {
        if (inputs.Rejections.Count > 0)
        {
            return new("Degraded", ConditionStatus.True, "RejectedBySidecar",
                Cut($"{inputs.Rejections.Count} sidecars keep their last good policy: {inputs.Rejections[0]}"));
        }

        if (inputs.Uncaptured.Count > 0)
        {
            return new("Degraded", ConditionStatus.True, "UncapturedPort",
                Cut($"{string.Join(", ", inputs.Uncaptured.Take(5))} leads around the sidecar, because the Service "
                + "came after the pods; restart them: kubectl rollout restart"));
        }

        // Once no pod is bare there is nothing to repair, whoever made it whole.
        if (inputs is { RepairStopped: { } stopped, Coverage.Missing: > 0 })
            return new("Degraded", ConditionStatus.True, "RepairStopped", Cut(stopped));

        if (inputs.Uninspected.Count > 0)
        {
            return new("Degraded", ConditionStatus.True, "Uninspected",
                $"requests of the last minutes were not inspected whole: {string.Join(", ", inputs.Uninspected)}; "
                + "status.inspection and waf_uninspected_total have the shares, docs/coverage.md the reasons");
        }

        var warnings = inputs.Compilation.Findings.Where(f => f.Severity == FindingSeverity.Warning).ToList();
        return warnings.Count == 0
            ? Uninspectable(inputs) ?? new("Degraded", ConditionStatus.False, "AsExpected", "nothing needs a look")
            : new("Degraded", ConditionStatus.True, warnings[0].Kind.ToString(),
                Cut(string.Join("; ", warnings.Take(5).Select(w => w.ToString()))));
    }

    /// <summary>Ports of Services that no sidecar can stand in front of, as they are written.</summary>
    private static Draft? Uninspectable(PolicyConditionInputs inputs)
    {
        if (inputs.Unresolved.Count > 0)
        {
            return new("Degraded", ConditionStatus.True, "UnresolvedTarget",
                Cut($"{string.Join(", ", inputs.Unresolved.Take(5))} is a name that no container of a covered pod "
                + "declares for TCP, so it is not protected: name a container port so, or correct the Service"));
        }

        return inputs.NotHttp.Count == 0 ? null : new("Degraded", ConditionStatus.True, "NotHttpPort",
            Cut($"{string.Join(", ", inputs.NotHttp.Take(5))} says that it does not carry plain HTTP and is not "
            + "protected; name the ports to protect in wafoperator.dev/ports of the pod template to settle it"));
    }

    private static Draft Weakened(PolicyConditionInputs inputs)
    {
        var broad = inputs.Compilation.Weakenings;
        if (broad.Count > 0)
        {
            return new("Weakened", ConditionStatus.True, "BroadExclusion",
                Cut($"WafExclusion {string.Join("; ", broad.Take(5))}"));
        }

        return inputs.Compilation.RuleFilesMayWeaken
            ? new("Weakened", ConditionStatus.True, "RuleFilesTrusted",
                "whoever may write the ConfigMaps of spec.rules may switch rules off: pin them with configMapDigests")
            : new("Weakened", ConditionStatus.False, "AsWritten", "no exclusion in force is broad");
    }

    /// <summary>
    /// kstatus: nothing goes on until somebody changes the spec. What only waits for another object or for pods is not
    /// stalled, since it may come at any time.
    /// </summary>
    private static Draft Stalled(Draft accepted) => accepted.Status == ConditionStatus.False
        ? new("Stalled", ConditionStatus.True, accepted.Reason, accepted.Message)
        : new("Stalled", ConditionStatus.False, "AsExpected", "nothing keeps the policy from being programmed");

    private static Draft Ready(Draft accepted, Draft resolved, Draft programmed)
    {
        var failing = new[] { accepted, resolved, programmed }.FirstOrDefault(d => d.Status != ConditionStatus.True);
        return failing is null
            ? new("Ready", ConditionStatus.True, programmed.Reason == "NoPods" ? "NoPods" : "Ready", programmed.Message)
            : new("Ready", failing.Status, failing.Reason, failing.Message);
    }

    private static string Cut(string text) => text.Length <= MessageLengthMax ? text : text[..MessageLengthMax] + "…";

    private sealed record Draft(string Type, ConditionStatus Status, string Reason, string Message)
    {
        public Condition ToCondition(PolicyConditionInputs inputs)
        {
            var before = inputs.Previous.FirstOrDefault(c => c.Type == Type);
            return new Condition
            {
                Type = Type,
                Status = Status,
                Reason = Reason,
                Message = Message,
                ObservedGeneration = inputs.Generation,
                LastTransitionTime = before?.Status == Status ? before.LastTransitionTime : Truncate(inputs.Now),
            };
        }

        /// <summary>Kubernetes keeps whole seconds.</summary>
        private static DateTimeOffset Truncate(DateTimeOffset time) =>
            new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), time.Offset);
    }
}
