using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>The operator itself (2xx).</summary>
internal static class OperatorChecks
{
    private const string Install = "README.md#install-on-an-existing-cluster";
    private static readonly TimeSpan LeaseAge = TimeSpan.FromMinutes(1);

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF201", "The operator is installed", Install, Installed),
        new("WAF202", "All replicas of the operator are ready", Install, Ready),
        new("WAF203", "The operator survives the loss of a node", Install, Replicas),
        new("WAF204", "The operator's pods are on different nodes", Install, Spread),
        new("WAF205", "A disruption budget keeps one replica", Install, Budget),
        new("WAF206", "A leader renews its lease", "operator/README.md", Leader),
        new("WAF207", "The operator does not restart", "operator/README.md", Restarts),
        new("WAF208", "All replicas run one image", Install, Images),
        new("WAF209", "The operator's pods carry no sidecar", "docs/injection.md#which-pods", NotInjected),
    ];

    /// <summary>Webhook configurations that send something of ours to an operator.</summary>
    public static IEnumerable<KubernetesObject> Ours(IEnumerable<KubernetesObject> configurations) =>
        configurations.Where(configuration => configuration.Json.Items("webhooks")
            .Any(hook => hook.Text("name")?.EndsWith("." + ApiGroup.Name, StringComparison.Ordinal) is true));

    private static string Name(KubernetesObject deployment) =>
        Words.Name("deployment", deployment.Metadata.Namespace, deployment.Metadata.Name);

    private static IEnumerable<Finding> Installed(ClusterFacts facts)
    {
        if (facts.Operators.Value.Count == 0)
            yield return Error("cluster", "there is no Deployment with the label app.kubernetes.io/name=waf-operator",
                "helm install waf-operator charts/waf-operator -n waf-system --create-namespace");
    }

    private static IEnumerable<Finding> Ready(ClusterFacts facts)
    {
        if (facts.Operator is not { } deployment) yield break;
        var wanted = deployment.Json.Number("spec", "replicas") ?? 1;
        var ready = deployment.Json.Number("status", "readyReplicas") ?? 0;
        if (ready >= wanted) yield break;
        var why = facts.OperatorPods.SelectMany(pod => pod.Containers.Values.Select(c => c.Problem))
            .FirstOrDefault(p => p is not null);
        var message = $"{ready} of {wanted} replicas are ready" + (why is null ? "" : $" ({why})");
        var hint = $"kubectl -n {deployment.Metadata.Namespace} describe pods -l app.kubernetes.io/name=waf-operator";
        yield return ready == 0
            ? Error(Name(deployment), message + ": pods that ask for a sidecar cannot be created", hint)
            : Warning(Name(deployment), message, hint);
    }

    private static IEnumerable<Finding> Replicas(ClusterFacts facts)
    {
        if (facts.Operator is { } deployment && (deployment.Json.Number("spec", "replicas") ?? 1) < 2)
            yield return Warning(Name(deployment), "it has one replica: while that moves, no pod with a sidecar starts",
                "helm upgrade … --set replicas=2");
    }

    private static IEnumerable<Finding> Spread(ClusterFacts facts)
    {
        var pods = facts.OperatorPods.Where(pod => pod.Node.Length > 0).ToList();
        if (facts.Operator is { } deployment && pods.Count > 1 && pods.DistinctBy(pod => pod.Node).Count() == 1
            && facts.Nodes.Value.Count > 1)
            yield return Warning(Name(deployment), $"all {pods.Count} pods are on node {pods[0].Node}",
                $"kubectl -n {deployment.Metadata.Namespace} rollout restart deployment {deployment.Metadata.Name}");
    }

    private static IEnumerable<Finding> Budget(ClusterFacts facts)
    {
        if (facts.Operator is not { } deployment || (deployment.Json.Number("spec", "replicas") ?? 1) < 2) yield break;
        var labels = facts.OperatorPods is [var pod, ..] ? pod.Metadata.Labels : deployment.Metadata.Labels;
        if (!facts.Budgets.Value.Any(budget => budget.At("spec", "selector") is { } selector
            && LabelSelector.Read(selector)?.Matches(labels) is true))
            yield return Note(Name(deployment),
                "no PodDisruptionBudget selects it: a drain may take all replicas at once",
                "helm upgrade … --set podDisruptionBudget.enabled=true");
    }

    private static IEnumerable<Finding> Leader(ClusterFacts facts)
    {
        if (facts.Operator is not { } deployment) yield break;
        var lease = facts.Leases.Value.FirstOrDefault(lease => lease.Metadata.Name == "waf-operator");
        var about = Words.Name("lease", deployment.Metadata.Namespace, "waf-operator");
        var hint = $"kubectl -n {deployment.Metadata.Namespace} logs deployment/{deployment.Metadata.Name} "
            + "| grep -i lease";
        if (lease is null || string.IsNullOrEmpty(lease.Text("spec", "holderIdentity")))
            yield return Error(about, "nobody leads: no status is written and no policy compiled", hint);
        else if (DateTimeOffset.TryParse(lease.Text("spec", "renewTime"), out var renewed)
            && facts.Now - renewed > LeaseAge)
            yield return Error(about,
                $"{lease.Text("spec", "holderIdentity")} last renewed it {(facts.Now - renewed).TotalSeconds:0} s ago",
                    hint);
    }

    private static IEnumerable<Finding> Restarts(ClusterFacts facts)
    {
        foreach (var pod in facts.OperatorPods)
        {
            var restarts = pod.Containers.Values.Sum(container => container.Restarts);
            if (restarts >= 3)
                yield return Warning(Words.Name("pod", pod.Metadata.Namespace, pod.Metadata.Name),
                    $"it restarted {restarts} times"
                        + (pod.Containers.Values.Select(c => c.Problem).FirstOrDefault(p => p is not null) is { } why
                            ? $", last for {why}" : ""),
                    $"kubectl -n {pod.Metadata.Namespace} logs {pod.Metadata.Name} --previous");
        }
    }

    private static IEnumerable<Finding> Images(ClusterFacts facts)
    {
        var images = facts.OperatorPods.SelectMany(pod => pod.Containers.Values.Select(c => c.Image)).Distinct()
            .ToList();
        if (images.Count > 1)
            yield return Note("deployment/waf-operator", $"its pods run {Words.Few(images)}",
                "wait for the rollout: kubectl rollout status; or undo it");
    }

    private static IEnumerable<Finding> NotInjected(ClusterFacts facts) =>
        from pod in facts.OperatorPods
        where pod.Sidecar is not null
        select Error(Words.Name("pod", pod.Metadata.Namespace, pod.Metadata.Name),
            "the operator waits for a sidecar that waits for the operator",
            "take wafoperator.dev/inject out of its namespace and template");
}
