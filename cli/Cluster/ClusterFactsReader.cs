using WafOperator.Cli.Output;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Cluster;

/// <summary>Reads what checks look at. What may not be read stays unknown; only the first call must succeed.</summary>
internal sealed class ClusterFactsReader(KubernetesClient client, TimeProvider time, Progress progress)
{
    /// <summary>The labels of the chart's Deployment.</summary>
    private const string OperatorLabels = "app.kubernetes.io/name=waf-operator";

    /// <summary>What a pod of the chart is.</summary>
    private const string Component = "app.kubernetes.io/component";

    private readonly List<string> _unreadable = [];

    /// <summary>What an installation creates.</summary>
    private static readonly ResourceType<KubernetesObject>[] Installed =
    [
        BuiltIn.CustomResourceDefinitions, BuiltIn.Namespaces, BuiltIn.Deployments, BuiltIn.Services,
        BuiltIn.ServiceAccounts, BuiltIn.MutatingWebhookConfigurations, BuiltIn.ValidatingWebhookConfigurations,
        Rbac("clusterroles", "ClusterRole"), Rbac("clusterrolebindings", "ClusterRoleBinding"),
    ];

    private static readonly ResourceType<KubernetesObject> EndpointLists =
        new ResourceType("", "v1", "endpoints", "Endpoints", ResourceScope.Namespaced).AsJson();

    /// <summary>What can be known before anything is installed.</summary>
    public async Task<ClusterFacts> BeforeAsync(CancellationToken cancellationToken)
    {
        progress.Show("asking the API server what it is");
        var server = await client.GetCapabilitiesAsync(cancellationToken);
        progress.Show("reading nodes, definitions and webhooks");
        return new ClusterFacts
        {
            Now = time.GetUtcNow(),
            Server = Fact<ServerCapabilities>.Of(server),
            Definitions = await ListAsync(BuiltIn.CustomResourceDefinitions, ListOptions.All, cancellationToken),
            Mutating = await ListAsync(BuiltIn.MutatingWebhookConfigurations, ListOptions.All, cancellationToken),
            Validating = await ListAsync(BuiltIn.ValidatingWebhookConfigurations, ListOptions.All, cancellationToken),
            Nodes = await ListAsync(BuiltIn.Nodes, ListOptions.All, cancellationToken),
            Namespaces = await ListAsync(BuiltIn.Namespaces, ListOptions.All, cancellationToken),
            Operators = await OperatorsAsync(cancellationToken),
            MayCreate = await Fact<IReadOnlyDictionary<string, bool>>.AskAsync(() => MayAsync(cancellationToken)),
        };
    }

    /// <summary>Everything, of one namespace or of all.</summary>
    public async Task<ClusterFacts> AllAsync(ListOptions scope, CancellationToken cancellationToken)
    {
        var facts = await BeforeAsync(cancellationToken);
        if (facts.Operators.Problem is null && facts.Operator is { } deployment)
        {
            var own = ListOptions.In(deployment.Metadata.Namespace ?? "");
            progress.Show("reading the operator");
            facts = facts with
            {
                Leases = await ListAsync(BuiltIn.Leases, own, cancellationToken),
                Endpoints = await ListAsync(EndpointLists, own, cancellationToken),
                Budgets = await ListAsync(
                    BuiltIn.PodDisruptionBudgets(facts.Server.Value.DisruptionBudgetVersion), own, cancellationToken),
            };
        }

        progress.Show("reading policies, exclusions, models and pools");
        facts = facts with
        {
            Policies = await OursAsync(OurKinds.Policies, scope, cancellationToken),
            Exclusions = await OursAsync(OurKinds.Exclusions, scope, cancellationToken),
            Models = await OursAsync(OurKinds.Models, scope, cancellationToken),
            Pools = await OursAsync(OurKinds.Pools, scope, cancellationToken),
        };
        facts = facts with { Unreadable = Fact<IReadOnlyList<string>>.Of([.. _unreadable]) };
        progress.Show("reading workloads");
        var workloads = await Fact<IReadOnlyList<WorkloadFacts>>.AskAsync(() =>
            WorkloadsAsync(scope, cancellationToken));
        progress.Show("reading pods");
        return facts with { Workloads = workloads, Pods = await PodsAsync(facts, scope, cancellationToken) };
    }

    /// <summary>Workloads and Services.</summary>
    public async Task<IReadOnlyList<WorkloadFacts>> WorkloadsAsync(
        ListOptions scope, CancellationToken cancellationToken)
    {
        var result = new List<WorkloadFacts>();
        foreach (var type in WorkloadFacts.Types)
            result.AddRange((await client.ListAsync(type, scope, cancellationToken)).Items);
        return result;
    }

    /// <summary>Pods of the scope, and the operator's own.</summary>
    private async Task<Fact<IReadOnlyList<PodFacts>>> PodsAsync(
        ClusterFacts facts, ListOptions scope, CancellationToken cancellationToken)
    {
        return await Fact<IReadOnlyList<PodFacts>>.AskAsync(async () =>
        {
            List<PodFacts> pods = [.. (await client.ListAsync(PodFacts.Type, scope, cancellationToken)).Items];
            var own = facts.Operators.Problem is null ? facts.Operator?.Metadata.Namespace : null;
            if (own is not null && scope.Namespace is { } asked && asked != own)
                pods.AddRange(
                    (await client.ListAsync(PodFacts.Type, ListOptions.In(own), cancellationToken)).Items);
            return pods;
        });
    }

    private async Task<IReadOnlyDictionary<string, bool>> MayAsync(CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var type in Installed)
            result[type.QualifiedName] = await client.MayIAsync(ApiVerb.Create, type, null, cancellationToken);
        return result;
    }

    private async Task<Fact<IReadOnlyList<KubernetesObject>>> ListAsync(
        ResourceType<KubernetesObject> type, ListOptions scope, CancellationToken cancellationToken) =>
        await Fact<IReadOnlyList<KubernetesObject>>.AskAsync(async () =>
            (await client.ListAsync(type, scope, cancellationToken)).Items);

    /// <summary>Deployments of the chart's name without the console's.</summary>
    private async Task<Fact<IReadOnlyList<KubernetesObject>>> OperatorsAsync(CancellationToken cancellationToken) =>
        await Fact<IReadOnlyList<KubernetesObject>>.AskAsync(async () =>
        {
            var options = new ListOptions { LabelSelector = OperatorLabels };
            var all = await client.ListAsync(BuiltIn.Deployments, options, cancellationToken);
            return [.. all.Items.Where(item => item.Text("spec", "template", "metadata", "labels", Component)
                is null or "operator")];
        });

    private async Task<Fact<IReadOnlyList<T>>> OursAsync<T>(
        ResourceType<Resource<T>> type, ListOptions scope, CancellationToken cancellationToken) =>
        await Fact<IReadOnlyList<T>>.AskAsync(async () =>
        {
            var list = await client.ListAsync(type, scope, cancellationToken);
            _unreadable.AddRange(list.Unreadable.Select(item => $"{type.Kind} {item.Metadata.Key}: {item.Problem}"));
            return [.. list.Items.Select(item => item.Value)];
        });

    private static ResourceType<KubernetesObject> Rbac(string plural, string kind) =>
        new ResourceType("rbac.authorization.k8s.io", "v1", plural, kind, ResourceScope.Cluster).AsJson();
}
