using WafOperator.Cli.Cluster;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Explaining;

/// <summary>Which policy a pod has, whether it has its sidecar, and why. Pure.</summary>
internal static class PodExplanation
{
    public static Explanation Of(
        PodFacts pod, IReadOnlyList<WafPolicy> policies, IReadOnlyList<WorkloadFacts> workloads)
    {
        var annotations = pod.Metadata.Annotations;
        var result = new Explanation($"pod {pod.Metadata.Namespace}/{pod.Metadata.Name}").Section("Policy");
        var selecting = workloads.Where(workload => workload.Selects(pod)).ToList();
        result.Say(selecting.Count == 0 ? "no workload or Service selects it"
            : "it belongs to " + string.Join(", ", selecting.Select(workload => workload.ToString())));
        var name = new TargetResolver(policies).PolicyFor(pod.Identity, workloads.Select(w => w.ToWorkload()));
        var policy = policies.FirstOrDefault(candidate => candidate.Metadata.Name == name);
        result.Say(policy is null ? "no policy is for it"
            : $"WafPolicy {name} is for it: {WhyOf(policy, pod, selecting)}");
        if (policy is not null)
            result.Say($"mode {policy.Spec.Mode}, revision {policy.Status?.Revision ?? "none yet"}");
        result.Section("Injection").Say(annotations.GetValueOrDefault(WellKnown.InjectAnnotation) switch
        {
            "true" => "it asks for a sidecar (wafoperator.dev/inject)",
            "false" => "it declines a sidecar (wafoperator.dev/inject: \"false\")",
            null when policy is { Spec.Interception.Required: true } =>
                "it does not ask, and its policy requires one (interception.required)",
            null => "it does not ask for a sidecar",
            _ => "its annotation wafoperator.dev/inject is neither \"true\" nor \"false\"",
        });
        result.Say(annotations.GetValueOrDefault(WellKnown.ReportAnnotation));
        if (pod.IsHostNetwork) result.Say("it uses its node's network: no sidecar can stand in front");
        if (pod.Sidecar is not { } sidecar)
        {
            return result.Say(policy is null ? "it has no sidecar, and needs none"
                : "it has no sidecar: its requests are not inspected. Next: set wafoperator.dev/inject: \"true\" on "
                    + "its pod template, and kubectl rollout restart");
        }

        result.Say($"it has the sidecar {sidecar.Image}");
        if (pod.InjectedPolicy is { } injected && injected != name)
            result.Say($"it was injected for WafPolicy {injected}: restart it to follow {name ?? "none"}");
        return result.Section("Sidecar")
            .Say(sidecar.IsReady ? "it is ready: a policy is in force" : "it is not ready"
                + (sidecar.Problem is { } problem ? $": {problem}"
                    : ": no policy was received, or it is shutting down"))
            .Say(sidecar.Restarts > 0 ? $"it restarted {sidecar.Restarts} times" : null)
            .Say($"kubectl -n {pod.Metadata.Namespace} logs {pod.Metadata.Name} -c {WellKnown.SidecarContainer}");
    }

    private static string WhyOf(WafPolicy policy, PodFacts pod, List<WorkloadFacts> selecting)
    {
        var target = policy.Spec.TargetRefs.FirstOrDefault(target =>
            selecting.Exists(workload => workload.Kind == target.Kind && workload.Metadata.Name == target.Name));
        if (target is not null) return $"spec.targetRefs names {target}";
        var chosen = policy.Spec.TargetRefs.FirstOrDefault(candidate => candidate.Kind is TargetKind.Pod);
        return chosen is not null ? $"spec.targetRefs chooses {chosen}"
            : pod.Sidecar is not null && pod.InjectedPolicy == policy.Metadata.Name ? "it was injected for it"
            : "its annotation wafoperator.dev/policy names it";
    }
}
