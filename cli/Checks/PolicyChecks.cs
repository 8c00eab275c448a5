using System.Globalization;
using WafOperator.Cli.Cluster;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>Policies (4xx).</summary>
internal static class PolicyChecks
{
    private const string Conditions = "crds/conditions.md#wafpolicy";
    private const double UninspectedShare = 0.01;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF401", "Every policy is accepted", Conditions, f => False(f, "Accepted", Severity.Error)),
        new("WAF402", "Everything that policies name exists", Conditions, f =>
            False(f, "ResolvedRefs", Severity.Warning)),
        new("WAF403", "Every covered pod runs the policy's revision", Conditions, f =>
            False(f, "Programmed", Severity.Error)),
        new("WAF404", "No policy is degraded", Conditions, f => True(f, "Degraded")),
        new("WAF405", "No policy is weakened", Conditions, f => True(f, "Weakened")),
        new("WAF406", "Statuses speak of the spec as it is", Conditions, Observed),
        new("WAF407", "No policy is Off", "README.md#protect-a-workload", Off),
        new("WAF408", "What could enforce does", "README.md#protect-a-workload", CouldEnforce),
        new("WAF409", "No two policies claim one target", Conditions, Conflicts),
        new("WAF410", "Every policy protects something", "README.md#protect-a-workload", Idle),
        new("WAF411", "Requests are inspected whole", "docs/coverage.md", Uninspected),
        new("WAF412", "Clients are told apart behind proxies", "docs/injection.md", Clients),
        new("WAF413", "No route is Off for everything", "README.md#what-is-inspected-and-what-is-not", OpenRoutes),
    ];

    private static string Name(WafPolicy policy) => Words.Name("wafpolicy", policy.Metadata);

    private static string Describe(WafPolicy policy) =>
        $"kubectl -n {policy.Metadata.Namespace} describe wafpolicy {policy.Metadata.Name}";

    private static IEnumerable<Finding> False(ClusterFacts facts, string type, Severity severity) =>
        from policy in facts.Policies.Value
        let condition = policy.Status?.Conditions.Find(type)
        where condition is { Status: ConditionStatus.False }
        select new Finding(severity, Name(policy), $"{condition.Reason}: {condition.Said()}", Describe(policy));

    private static IEnumerable<Finding> True(ClusterFacts facts, string type) =>
        from policy in facts.Policies.Value
        let condition = policy.Status?.Conditions.Find(type)
        where condition is { Status: ConditionStatus.True }
        select Warning(Name(policy), $"{condition.Reason}: {condition.Said()}", Describe(policy));

    private static IEnumerable<Finding> Observed(ClusterFacts facts)
    {
        foreach (var policy in facts.Policies.Value)
        {
            if (policy.Status is null)
            {
                if (facts.Now - policy.Metadata.CreationTimestamp > Patience)
                    yield return Error(Name(policy), "it has no status: no operator looks at it",
                        "see WAF201 to WAF206");
            }
            else if (policy.Status.ObservedGeneration < policy.Metadata.Generation)
            {
                yield return Warning(Name(policy),
                    $"its status is of generation {policy.Status.ObservedGeneration}, the spec of "
                        + $"{policy.Metadata.Generation}",
                    "wait a moment; if it stays, see WAF206");
            }
        }
    }

    private static IEnumerable<Finding> Off(ClusterFacts facts) =>
        from policy in facts.Policies.Value
        where policy.Spec.Mode is PolicyMode.Off
        select Warning(Name(policy), "its mode is Off: nothing is inspected",
            $"kubectl -n {policy.Metadata.Namespace} patch wafpolicy {policy.Metadata.Name} --type merge -p "
                + "'{\"spec\":{\"mode\":\"Detect\"}}'");

    private static IEnumerable<Finding> CouldEnforce(ClusterFacts facts) =>
        from policy in facts.Policies.Value
        where policy.Spec.Mode is PolicyMode.Detect && policy.Status?.Learning is { SafeToEnforce: true }
        select Note(Name(policy),
            $"it detects, and {policy.Status!.Learning!.Requests} requests say that Enforce would block few of them",
            $"kubectl -n {policy.Metadata.Namespace} patch wafpolicy {policy.Metadata.Name} --type merge -p "
                + "'{\"spec\":{\"mode\":\"Enforce\"}}'");

    private static IEnumerable<Finding> Conflicts(ClusterFacts facts) =>
        from ns in facts.Policies.Value.GroupBy(policy => policy.Metadata.Namespace)
        from conflict in new TargetResolver(ns).Conflicts
        select Error(Words.Name("wafpolicy", ns.Key, conflict.Policy),
            $"{conflict.Target.Kind} {conflict.Target.Name} belongs to the older policy {conflict.Holder}",
            "take the target out of one of the two");

    private static IEnumerable<Finding> Idle(ClusterFacts facts) =>
        from policy in facts.Policies.Value
        where policy.Status?.Coverage is { Matched: 0 }
            && facts.Now - policy.Metadata.CreationTimestamp > Patience
        select Note(Name(policy), policy.Spec.TargetRefs.Count == 0
                ? "it has no targetRefs, and no pod names it" : "no pod of its targets runs",
            "name a workload in spec.targetRefs, and set wafoperator.dev/inject: \"true\" on its pod template");

    private static IEnumerable<Finding> Uninspected(ClusterFacts facts)
    {
        foreach (var policy in facts.Policies.Value)
        {
            foreach (var reason in policy.Status?.Inspection?.Uninspected ?? [])
            {
                if (double.TryParse(reason.Share, CultureInfo.InvariantCulture, out var share)
                    && share >= UninspectedShare)
                    yield return Note(Name(policy),
                        $"{share * 100:0.#} % of its requests were not inspected whole: {reason.Reason}",
                        $"docs/coverage.md says what {reason.Reason} means and what to do");
            }
        }
    }

    private static IEnumerable<Finding> Clients(ClusterFacts facts) =>
        from policy in facts.Policies.Value
        where policy.Spec.ClientIdentity is not { TrustedProxies.Count: > 0 }
            && (policy.Spec.RateLimits.Count > 0 || policy.Spec.Behaviour is not null
                || policy.Spec.AccessLists is not null)
        select Warning(Name(policy), "it counts or lists clients, and believes no proxy: behind an ingress all clients "
            + "have the ingress's address", "name the ingress's networks in spec.clientIdentity.trustedProxies");

    private static IEnumerable<Finding> OpenRoutes(ClusterFacts facts) =>
        from policy in facts.Policies.Value
        from route in policy.Spec.Routes
        where route.Mode is PolicyMode.Off && route.PathPrefix.Trim('/').Length == 0
        select Warning(Name(policy), "its route / is Off: everything passes that no longer route is for",
            "give the route a longer prefix, or the policy the mode Detect");
}
