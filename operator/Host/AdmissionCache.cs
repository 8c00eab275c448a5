using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;
using WafOperator.Webhooks;

namespace WafOperator.Operator.Host;

/// <summary>
/// What admission looks up, from the caches that the controllers use as well; only namespaces' labels are watched for
/// admission alone. Thread-safe.
/// </summary>
internal sealed class AdmissionCache : IAdmissionCache
{
    private static readonly Dictionary<string, string> NoLabels = [];
    private readonly PolicyCaches _policies;
    private readonly CoverageCaches _coverage;
    private readonly Informer<KubernetesObject> _namespaces;

    public AdmissionCache(
        InformerSet informers, KubernetesClient client, RuntimeServices services, PolicyCaches policies, CoverageCaches coverage)
    {
        (_policies, _coverage) = (policies, coverage);
        _namespaces = informers.Add(new Informer<KubernetesObject>(client, BuiltIn.Namespaces, new InformerOptions(), services));
    }

    public bool IsSynced => _policies.Policies.HasSynced && _namespaces.HasSynced
        && _coverage.All.All(informer => informer.HasSynced);

    public IReadOnlyList<WafPolicy> Policies(string @namespace) =>
        [.. _policies.Policies.Cache.ByNamespace.Find(@namespace).Select(policy => policy.Value)];

    public IReadOnlyList<Workload> Workloads(string @namespace) => _coverage.Workloads(@namespace);

    public IReadOnlyList<ServiceView> Services(string @namespace) =>
        [.. _coverage.ServicesIn(@namespace)];

    public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) =>
        _namespaces.Cache.Get(NamespacedName.Cluster(@namespace))?.Metadata.Labels ?? NoLabels;

    public IReadOnlyDictionary<string, string>? Texts(string @namespace, string configMap) =>
        _policies.TextsOf(new(@namespace, configMap));
}
