using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Objects;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>What a cluster must have before anything of ours comes to it (1xx).</summary>
internal static class ClusterChecks
{
    private const string Cluster = "cluster";
    private static readonly string[] Architectures = ["amd64", "arm64"];

    /// <summary>Annotations and labels by which other injectors are asked for.</summary>
    private static readonly (string Webhook, string Name)[] Meshes =
        [("istio", "Istio"), ("linkerd", "Linkerd"), ("kuma", "Kuma"), ("consul", "Consul")];

    public static IReadOnlyList<Check> All { get; } =
    [
        Before("WAF101", "The API server is 1.20 or later", "README.md#install-on-an-existing-cluster", Version),
        Before("WAF102", "Webhooks can be limited to pods that ask", "docs/injection.md#admission-and-nodes",
            Conditions),
        Before("WAF103", "The cluster has native sidecars", "docs/injection.md#pods", NativeSidecars),
        Before("WAF104", "Whoever runs this may install", "README.md#install-on-an-existing-cluster", Rights),
        Before("WAF105", "Admission webhooks are served", "docs/injection.md#admission-and-nodes", Admission),
        Before("WAF106", "Some node can run the sidecar", "docs/injection.md#admission-and-nodes", Nodes),
        Before("WAF107", "No webhook of an earlier installation is left", "docs/injection.md#admission-and-nodes",
            LeftOver),
        Before("WAF108", "At most one operator is installed", "README.md#install-on-an-existing-cluster", OneOperator),
        Before("WAF109", "Other injectors are known", "docs/injection.md#meshes", OtherInjectors),
        Before("WAF110", "Network policies are served", "docs/injection.md#which-ports", NetworkPolicies),
        Before("WAF111", "Rules of our kinds are kept by the API server", "crds/README.md", CustomResourceRules),
        Before("WAF112", "No namespace forbids what the sidecar needs", "docs/injection.md#pods", PodSecurity),
    ];

    private static Check Before(
        string code, string title, string page, Func<ClusterFacts, IEnumerable<Finding>> run) =>
        new(code, title, page, run) { Stage = CheckStage.Before };

    private static IEnumerable<Finding> Version(ClusterFacts facts)
    {
        if (!facts.Server.Value.AtLeast(1, 20))
            yield return Error(Cluster, $"it is {facts.Server.Value}", "upgrade it: 1.20 is the oldest that is tested");
    }

    private static IEnumerable<Finding> Conditions(ClusterFacts facts)
    {
        if (facts.Server.Value.WebhookMatchConditions) yield break;
        yield return Note(
            Cluster, $"{facts.Server.Value} calls the webhook for every pod of the namespaces it is for (before 1.28)",
            "label the namespaces to protect: kubectl label namespace NAME wafoperator.dev/injection=enabled");
    }

    private static IEnumerable<Finding> NativeSidecars(ClusterFacts facts)
    {
        if (facts.Server.Value.NativeSidecars) yield break;
        yield return Note(
            Cluster, $"{facts.Server.Value} has none (before 1.29): pods that run to completion cannot have a sidecar",
            "protect Deployments, StatefulSets and DaemonSets; Jobs are let through with a warning");
    }

    private static IEnumerable<Finding> Rights(ClusterFacts facts)
    {
        var missing = facts.MayCreate.Value.Where(right => !right.Value).Select(right => right.Key).ToList();
        if (missing.Count > 0)
            yield return Warning(
                Cluster, $"you may not create {Words.Few(missing, 9)}",
                "install with an account that may: kubectl auth can-i create " + missing[0]);
    }

    private static IEnumerable<Finding> Admission(ClusterFacts facts)
    {
        if (!facts.Server.Value.Serves("admissionregistration.k8s.io/v1"))
            yield return Error(
                Cluster, "admissionregistration.k8s.io/v1 is not served: no pod can be injected",
                "switch on MutatingAdmissionWebhook and ValidatingAdmissionWebhook in the API server");
    }

    private static IEnumerable<Finding> Nodes(ClusterFacts facts)
    {
        var nodes = facts.Nodes.Value;
        var able = nodes.Count(node => node.Metadata.Labels.GetValueOrDefault("kubernetes.io/os", "linux") == "linux"
            && Architectures.Contains(node.Metadata.Labels.GetValueOrDefault("kubernetes.io/arch", "amd64")));
        if (able == 0)
            yield return Error(Cluster, $"none of its {nodes.Count} nodes is linux on amd64 or arm64",
                "add one: sidecars run on those");
        else if (able < nodes.Count)
            yield return Note(Cluster, $"{nodes.Count - able} of {nodes.Count} nodes cannot run a sidecar",
                "pods there are not injected: keep protected workloads on the others with a nodeSelector");
    }

    private static IEnumerable<Finding> LeftOver(ClusterFacts facts)
    {
        if (facts.Operators.Value.Count > 0) yield break;
        foreach (var configuration in OperatorChecks.Ours(facts.Mutating.Value)
            .Concat(OperatorChecks.Ours(facts.Validating.Value)))
        {
            yield return Error(
                $"{configuration.Kind.ToLowerInvariant()}/{configuration.Metadata.Name}",
                "it calls an operator that is not there: pods that ask for a sidecar cannot be created",
                $"kubectl delete {configuration.Kind.ToLowerInvariant()} {configuration.Metadata.Name}, or install");
        }
    }

    private static IEnumerable<Finding> OneOperator(ClusterFacts facts)
    {
        if (facts.Operators.Value.Count > 1)
            yield return Error(
                Cluster, "there are several: " + Words.Few(facts.Operators.Value.Select(o => o.Key.ToString())),
                "uninstall all but one: they would write the same statuses");
    }

    private static IEnumerable<Finding> OtherInjectors(ClusterFacts facts)
    {
        var names = facts.Mutating.Value.Select(configuration => configuration.Metadata.Name).ToList();
        foreach (var (webhook, name) in Meshes)
        {
            if (names.Any(candidate => candidate.Contains(webhook, StringComparison.Ordinal)))
                yield return Note(Cluster, $"{name} injects sidecars of its own",
                    "its ports are left alone; see which traffic reaches our sidecar on the page");
        }
    }

    private static IEnumerable<Finding> NetworkPolicies(ClusterFacts facts)
    {
        if (!facts.Server.Value.Serves("networking.k8s.io/v1"))
            yield return Warning(
                Cluster, "networking.k8s.io/v1 is not served: ways around sidecars cannot be closed",
                "leave interception.networkPolicy and pools.networkPolicy off");
    }

    private static IEnumerable<Finding> CustomResourceRules(ClusterFacts facts)
    {
        if (!facts.Server.Value.CustomResourceCel)
            yield return Note(
                Cluster, $"{facts.Server.Value} does not run CEL rules of definitions (before 1.25)",
                "the operator's webhook checks the same rules; it has to be up when objects are applied");
    }

    private static IEnumerable<Finding> PodSecurity(ClusterFacts facts)
    {
        const string Label = "pod-security.kubernetes.io/enforce";
        var restricted = facts.Namespaces.Value
            .Where(ns => ns.Metadata.Labels.GetValueOrDefault(Label) is "restricted" or "baseline")
            .Select(ns => ns.Metadata.Name).ToList();
        if (restricted.Count > 0)
            yield return Note(
                Cluster, $"pod security is enforced in {Words.Few(restricted)}: the redirect by init container is "
                    + "refused",
                "name container ports in their Services' targetPort, so that named ports are handed over instead");
    }
}
