using WafOperator.Cli.Cluster;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>Exclusions (6xx).</summary>
internal static class ExclusionChecks
{
    private const string Page = "crds/conditions.md#wafexclusion";
    private static readonly TimeSpan Soon = TimeSpan.FromDays(7);
    private static readonly TimeSpan Long = TimeSpan.FromDays(30);

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF601", "Every exclusion is in force", Page, InForce),
        new("WAF602", "No exclusion ends within a week", Page, Ending),
        new("WAF603", "Every exclusion is used", Page, Unused),
        new("WAF604", "Every exclusion ends one day", Page, Endless),
    ];

    private static string Name(WafExclusion exclusion) => Words.Name("wafexclusion", exclusion.Metadata);

    private static IEnumerable<Finding> InForce(ClusterFacts facts) =>
        from exclusion in facts.Exclusions.Value
        let accepted = exclusion.Status?.Conditions.Find("Accepted")
        where accepted is { Status: ConditionStatus.False }
        select Warning(Name(exclusion), $"{accepted.Reason}: {accepted.Said()}", accepted.Reason == "Expired"
            ? "delete it, or set a later expiresAt" : "the message names the field");

    private static IEnumerable<Finding> Ending(ClusterFacts facts) =>
        from exclusion in facts.Exclusions.Value
        where exclusion.Spec.ExpiresAt is { } end && end > facts.Now && end < facts.Now + Soon
        select Note(Name(exclusion), $"it ends on {exclusion.Spec.ExpiresAt:yyyy-MM-dd HH:mm} UTC; it had "
            + $"{exclusion.Status?.Hits ?? 0} hits", "prolong it if the false positive is still there");

    private static IEnumerable<Finding> Unused(ClusterFacts facts) =>
        from exclusion in facts.Exclusions.Value
        where exclusion.Status is { Hits: 0 } && facts.Now - exclusion.Metadata.CreationTimestamp > Long
        select Note(Name(exclusion), "it changed no verdict since its sidecars started",
            $"delete it: kubectl -n {exclusion.Metadata.Namespace} delete wafexclusion {exclusion.Metadata.Name}");

    private static IEnumerable<Finding> Endless(ClusterFacts facts) =>
        from exclusion in facts.Exclusions.Value
        where exclusion.Spec.ExpiresAt is null
        select Note(Name(exclusion), "it has no expiresAt", "set one, so that somebody looks at it again");
}
