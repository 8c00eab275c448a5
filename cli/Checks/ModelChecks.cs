using WafOperator.Cli.Cluster;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>Model versions and inference pools (7xx).</summary>
internal static class ModelChecks
{
    private const string Rollouts = "docs/rollouts.md";
    private static readonly TimeSpan Stuck = TimeSpan.FromDays(1);

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF701", "No model version failed", Rollouts, Failed),
        new("WAF702", "No rollout waits for a person", "docs/rollouts.md#gates", Waiting),
        new("WAF703", "Every rollout moves", Rollouts, Slow),
        new("WAF704", "Every family that a policy names is promoted", Rollouts, Promoted),
        new("WAF705", "Every pool is ready", "docs/inference-pool.md", PoolsReady),
        new("WAF706", "No pool is degraded", "docs/inference-pool.md", PoolsDegraded),
        new("WAF707", "No rollout is held", "docs/rollouts.md#gates", Held),
    ];

    private static string Name(ModelVersion version) => Words.Name("modelversion", version.Metadata);

    private static bool IsMoving(ModelVersion version) => version.Status?.Phase is ModelPhase.Pending
        or ModelPhase.Verifying or ModelPhase.Evaluating or ModelPhase.Shadow or ModelPhase.Canary;

    /// <summary>The step that a person has to approve, from 1; null when none waits.</summary>
    public static int? StepToApprove(ModelVersion version)
    {
        const string Marker = "wafoperator.dev/approve-step=";
        var message = version.Status?.Message ?? "";
        var at = message.LastIndexOf(Marker, StringComparison.Ordinal);
        if (at < 0 || !IsMoving(version)) return null;
        var digits = message[(at + Marker.Length)..].TakeWhile(char.IsAsciiDigit).Take(3).ToArray();
        return int.TryParse(digits, out var step) ? step : null;
    }

    private static IEnumerable<Finding> Failed(ClusterFacts facts) =>
        from version in facts.Models.Value
        where version.Status?.Phase is ModelPhase.Failed or ModelPhase.RolledBack
        select Warning(Name(version), $"{version.Status!.Phase}: {version.Status.Message}",
            version.Status.Phase is ModelPhase.Failed ? "mend what the message names, and apply it under another name"
                : "train it anew: this digest is refused under any name");

    private static IEnumerable<Finding> Waiting(ClusterFacts facts) =>
        from version in facts.Models.Value
        where StepToApprove(version) is not null
        select Warning(Name(version), version.Status!.Message ?? "", $"kubectl waf approve {version.Metadata.Name} "
            + $"-n {version.Metadata.Namespace}");

    private static IEnumerable<Finding> Slow(ClusterFacts facts) =>
        from version in facts.Models.Value
        where IsMoving(version) && !version.Spec.Suspend && StepToApprove(version) is null
            && facts.Now - (version.Status!.StepStartedAt ?? version.Status.PhaseStartedAt) > Stuck
        select Warning(Name(version),
            $"it has been in {version.Status!.Phase} for more than a day: {version.Status.Message}",
            "more traffic decides faster; spec.rollout.analysis says what happens when time is up");

    private static IEnumerable<Finding> Promoted(ClusterFacts facts)
    {
        var promoted = facts.Models.Value.Where(version => version.Status?.Phase is ModelPhase.Promoted)
            .Select(version => (version.Metadata.Namespace, version.Spec.Model)).ToHashSet();
        return from policy in facts.Policies.Value
               where policy.Spec.Mode is not PolicyMode.Off
               from reference in policy.Spec.Ml?.Models ?? []
               where !promoted.Contains((policy.Metadata.Namespace, reference.Model))
               select Warning(Words.Name("wafpolicy", policy.Metadata),
                   $"no version of {reference.Model} is promoted in its namespace: rules decide alone",
                   $"kubectl -n {policy.Metadata.Namespace} get modelversions");
    }

    private static IEnumerable<Finding> PoolsReady(ClusterFacts facts) =>
        from pool in facts.Pools.Value
        let ready = pool.Status?.Conditions.Find("Ready")
        where ready is { Status: ConditionStatus.False }
        select Error(Words.Name("inferencepool", pool.Metadata), $"{ready.Reason}: {ready.Said()}",
            $"kubectl -n {pool.Metadata.Namespace} describe inferencepool {pool.Metadata.Name}");

    private static IEnumerable<Finding> PoolsDegraded(ClusterFacts facts) =>
        from pool in facts.Pools.Value
        let degraded = pool.Status?.Conditions.Find("Degraded")
        where degraded is { Status: ConditionStatus.True }
        select Warning(Words.Name("inferencepool", pool.Metadata), $"{degraded.Reason}: {degraded.Said()}",
            $"kubectl -n {pool.Metadata.Namespace} describe inferencepool {pool.Metadata.Name}");

    private static IEnumerable<Finding> Held(ClusterFacts facts) =>
        from version in facts.Models.Value
        where version.Spec.Suspend && IsMoving(version)
        select Note(Name(version), $"spec.suspend holds it in {version.Status!.Phase}",
            $"kubectl waf release modelversion/{version.Metadata.Name} -n {version.Metadata.Namespace}");
}
