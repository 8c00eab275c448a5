using System.Runtime.CompilerServices;
using System.Text.Json;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;

namespace WafOperator.Webhooks;

/// <summary>The informers that admission reads.</summary>
public sealed record AdmissionInformers(
    Informer<Resource<WafPolicy>> Policies,
    Informer<KubernetesObject> Deployments,
    Informer<KubernetesObject> StatefulSets,
    Informer<KubernetesObject> Services,
    Informer<KubernetesObject> Namespaces);

/// <summary>
/// Admission's view of the informers' caches. What is derived from an object (a selector, target ports) is kept as long
/// as the object is, so that a review reads memory only.
/// </summary>
public sealed class InformerAdmissionCache(AdmissionInformers informers) : IAdmissionCache
{
    private static readonly Dictionary<string, string> NoLabels = [];
    private readonly ConditionalWeakTable<KubernetesObject, ServiceView> _services = [];
    private readonly ConditionalWeakTable<KubernetesObject, Workload> _workloads = [];

    public bool IsSynced => informers.Policies.HasSynced && informers.Deployments.HasSynced
        && informers.StatefulSets.HasSynced
        && informers.Services.HasSynced && informers.Namespaces.HasSynced;

    public IReadOnlyList<WafPolicy> Policies(string @namespace) =>
        [.. informers.Policies.Cache.ByNamespace.Find(@namespace).Select(policy => policy.Value)];

    public IReadOnlyList<ServiceView> Services(string @namespace) =>
        [.. informers.Services.Cache.ByNamespace.Find(@namespace)
            .Select(service => _services.GetValue(service, static item => ServiceView.From(item.Json)))];

    public IReadOnlyList<Workload> Workloads(string @namespace) =>
    [
        .. Of(informers.Deployments, @namespace, TargetKind.Deployment),
        .. Of(informers.StatefulSets, @namespace, TargetKind.StatefulSet),
        .. Of(informers.Services, @namespace, TargetKind.Service),
    ];

    public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) =>
        informers.Namespaces.Cache.Get(new NamespacedName("", @namespace))?.Metadata.Labels ?? NoLabels;

    private IEnumerable<Workload> Of(Informer<KubernetesObject> informer, string @namespace, TargetKind kind) =>
        informer.Cache.ByNamespace.Find(@namespace)
        .Select(item => _workloads.GetValue(item, found => WorkloadOf(found, kind)));

    private static Workload WorkloadOf(KubernetesObject item, TargetKind kind)
    {
        if (kind == TargetKind.Service)
        {
            // A Service without a selector selects nothing; a LabelSelector without requirements would select
            // everything.
            var isEmpty = item.At("spec", "selector") is not { ValueKind: JsonValueKind.Object } labels
                || !labels.EnumerateObject().Any();
            var byLabels = LabelSelector.FromLabels(item.At("spec", "selector"));
            return new(kind, item.Metadata.Name ?? "", candidate => !isEmpty && byLabels.Matches(candidate));
        }
        var selector = item.At("spec", "selector") is { } element ? LabelSelector.Read(element) : null;
        return new(kind, item.Metadata.Name ?? "", candidate => selector?.Matches(candidate) == true);
    }
}
