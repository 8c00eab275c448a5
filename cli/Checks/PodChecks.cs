using WafOperator.Cli.Cluster;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>Pods and their sidecars (5xx).</summary>
internal static class PodChecks
{
    private const string Pods = "docs/injection.md#which-pods";
    private const string Asking = "docs/injection.md#what-a-pod-may-ask-for";
    private const int RestartsMax = 3;

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        WellKnown.InjectAnnotation, WellKnown.PolicyAnnotation, WellKnown.PortsAnnotation, WellKnown.CaptureAnnotation,
        WellKnown.CpuAnnotation, WellKnown.MemoryAnnotation, WellKnown.MemoryLimitAnnotation,
        WellKnown.InjectedAnnotation, WellKnown.InjectedPolicyAnnotation, WellKnown.ReportAnnotation,
    };

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF501", "Every pod that asks has its sidecar", Pods, Bare),
        new("WAF502", "Every pod of a target has a sidecar", Pods, Targets),
        new("WAF503", "Every sidecar is ready", "sidecar/README.md", Ready),
        new("WAF504", "Sidecars do not restart", "sidecar/README.md", Restarts),
        new("WAF505", "Sidecars are of one version", "docs/injection.md#pods", Versions),
        new("WAF506", "The policy that a pod names is there", Pods, Policies),
        new("WAF507", "Annotations of pods are known", Asking, Annotations),
        new("WAF508", "Workloads that ask have a policy", Pods, Workloads),
        new("WAF509", "No pod that asks uses its node's network", Pods, HostNetwork),
    ];

    private static string Name(PodFacts pod) => Words.Name("pod", pod.Metadata.Namespace, pod.Metadata.Name);

    private static IEnumerable<PodFacts> Alive(ClusterFacts facts) => facts.Pods.Value.Where(pod => pod.IsAlive);

    private static string Restart(PodFacts pod) =>
        $"restart it, so that it is injected: kubectl -n {pod.Metadata.Namespace} delete pod {pod.Metadata.Name}, or "
            + "kubectl rollout restart its workload";

    private static IEnumerable<Finding> Bare(ClusterFacts facts) =>
        from pod in Alive(facts)
        where pod.Asks && pod.Sidecar is null && !pod.IsHostNetwork
        select Error(Name(pod), pod.Metadata.Annotations.GetValueOrDefault(WellKnown.ReportAnnotation)
            ?? "it asks for a sidecar and has none: it started while the webhook was away, or was let through",
            Restart(pod));

    private static IEnumerable<Finding> Targets(ClusterFacts facts)
    {
        var workloads = facts.Workloads.Value.ToLookup(workload => workload.Metadata.Namespace);
        foreach (var ns in facts.Policies.Value.GroupBy(policy => policy.Metadata.Namespace))
        {
            var resolver = new TargetResolver(ns);
            var named = workloads[ns.Key].Select(workload => workload.ToWorkload()).ToList();
            foreach (var pod in Alive(facts).Where(p => p.Metadata.Namespace == ns.Key && p.Sidecar is null && !p.Asks))
            {
                if (resolver.PolicyFor(pod.Identity, named) is { } policy)
                    yield return Error(Name(pod), $"WafPolicy {policy} targets it, and it does not ask for a sidecar",
                        "set wafoperator.dev/inject: \"true\" on its pod template");
            }
        }
    }

    private static IEnumerable<Finding> Ready(ClusterFacts facts) =>
        from pod in Alive(facts)
        where pod is { Phase: "Running", Sidecar.IsReady: false }
        select Error(Name(pod), "its sidecar is not ready"
            + (pod.Sidecar!.Problem is { } why ? $" ({why})" : ": no policy was received, or it is shutting down"),
            $"kubectl -n {pod.Metadata.Namespace} logs {pod.Metadata.Name} -c {WellKnown.SidecarContainer}");

    private static IEnumerable<Finding> Restarts(ClusterFacts facts) =>
        from pod in Alive(facts)
        where pod.Sidecar is { Restarts: >= RestartsMax }
        select Warning(Name(pod), $"its sidecar restarted {pod.Sidecar!.Restarts} times"
            + (pod.Sidecar.Problem is { } why ? $", last for {why}" : ""),
            pod.Sidecar.Problem == "OOMKilled"
                ? "give it more: spec.sidecar of the policy, or wafoperator.dev/sidecar-memory-limit"
                : $"kubectl -n {pod.Metadata.Namespace} logs {pod.Metadata.Name} -c waf-sidecar --previous");

    private static IEnumerable<Finding> Versions(ClusterFacts facts)
    {
        var images = Alive(facts).Where(pod => pod.Sidecar is not null).GroupBy(pod => pod.Sidecar!.Image)
            .OrderByDescending(group => group.Count()).ToList();
        foreach (var older in images.Skip(1))
            yield return Note(Name(older.First()),
                $"{older.Count()} pods have the sidecar {older.Key}, most have {images[0].Key}",
                "restart their workloads: kubectl rollout restart");
    }

    private static IEnumerable<Finding> Policies(ClusterFacts facts)
    {
        var there = facts.Policies.Value.Select(p => (p.Metadata.Namespace, p.Metadata.Name)).ToHashSet();
        return from pod in Alive(facts)
               let name = pod.InjectedPolicy ?? pod.Metadata.Annotations.GetValueOrDefault(WellKnown.PolicyAnnotation)
               where name is not null && !there.Contains((pod.Metadata.Namespace, name))
               select Error(Name(pod),
                   $"WafPolicy {name} is not there: its sidecar keeps the last policy, or waits for one",
                   $"kubectl -n {pod.Metadata.Namespace} get wafpolicies");
    }

    private static IEnumerable<Finding> Annotations(ClusterFacts facts) =>
        from pod in Alive(facts)
        from name in pod.Metadata.Annotations.Keys
        where name.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal) && !Known.Contains(name)
        select Warning(Name(pod), $"the annotation {name} is not known: it has no effect",
            "the page lists those that are");

    private static IEnumerable<Finding> Workloads(ClusterFacts facts)
    {
        var namespaces = facts.Policies.Value.Select(policy => policy.Metadata.Namespace).ToHashSet();
        return from workload in facts.Workloads.Value
               where workload.TemplateAsks && !namespaces.Contains(workload.Metadata.Namespace)
               select Error(
                   Words.Name(workload.Kind.ToString().ToLowerInvariant(), workload.Metadata.Namespace,
                       workload.Metadata.Name),
                   "its template asks for a sidecar, and its namespace has no WafPolicy: its pods are refused",
                   "apply a WafPolicy that targets it");
    }

    private static IEnumerable<Finding> HostNetwork(ClusterFacts facts) =>
        from pod in Alive(facts)
        where pod.Asks && pod.IsHostNetwork
        select Error(Name(pod), "it uses its node's network, where no sidecar can stand in front",
            "take hostNetwork out, or protect what is in front of it");
}
