using System.Runtime.CompilerServices;
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
/// What admission looks up, from the caches that the controllers use as well; only Services' ports and namespaces' labels are
/// watched for admission alone. Thread-safe.
/// </summary>
internal sealed class AdmissionCache : IAdmissionCache
{
    private static readonly Dictionary<string, string> NoLabels = [];
    private readonly PolicyCaches _policies;
    private readonly CoverageCaches _coverage;
    private readonly Informer<KubernetesObject> _services;
    private readonly Informer<KubernetesObject> _namespaces;
    private readonly ConditionalWeakTable<KubernetesObject, ServiceView> _views = [];

    public AdmissionCache(
        InformerSet informers, KubernetesClient client, RuntimeServices services, PolicyCaches policies, CoverageCaches coverage)
    {
        (_policies, _coverage) = (policies, coverage);
        _services = informers.Add(new Informer<KubernetesObject>(client, BuiltIn.Services, new InformerOptions(), services));
        _namespaces = informers.Add(new Informer<KubernetesObject>(client, BuiltIn.Namespaces, new InformerOptions(), services));
    }

    public bool IsSynced => _policies.Policies.HasSynced && _services.HasSynced && _namespaces.HasSynced
        && _coverage.Deployments.HasSynced && _coverage.StatefulSets.HasSynced && _coverage.Services.HasSynced;

    public IReadOnlyList<WafPolicy> Policies(string @namespace) =>
        [.. _policies.Policies.Cache.ByNamespace.Find(@namespace).Select(policy => policy.Value)];

    public IReadOnlyList<Workload> Workloads(string @namespace) => _coverage.Workloads(@namespace);

    public IReadOnlyList<ServiceView> Services(string @namespace) =>
        [.. _services.Cache.ByNamespace.Find(@namespace).Select(item => _views.GetValue(item, static found => ServiceView.From(found.Json)))];

    public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) =>
        _namespaces.Cache.Get(NamespacedName.Cluster(@namespace))?.Metadata.Labels ?? NoLabels;
}
