using System.Globalization;
using WafOperator.Injection.Capture;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;
using WafOperator.Webhooks;

namespace WafOperator.Benchmarks.Admission;

/// <summary>A namespace full of policies, Deployments and Services, the wanted ones last.</summary>
internal sealed record CrowdedCache(
    IReadOnlyList<WafPolicy> PolicyList, IReadOnlyList<Workload> WorkloadList, IReadOnlyList<ServiceView> ServiceList) :
        IAdmissionCache
{
    public bool IsSynced => true;

    public IReadOnlyList<WafPolicy> Policies(string @namespace) => PolicyList;

    public IReadOnlyList<Workload> Workloads(string @namespace) => WorkloadList;

    public IReadOnlyList<ServiceView> Services(string @namespace) => ServiceList;

    public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) => new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string>? Texts(string @namespace, string configMap) => null;

    public static CrowdedCache Create(int policies, int workloads)
    {
        string[] names =
            [.. Enumerable.Range(0, workloads - 1)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"other-{i}")), "shop"];
        return new(
            [.. names.TakeLast(policies).Select(Policy)],
            [.. names.Select(name =>
                new Workload(TargetKind.Deployment, name, pod => pod.Labels.TryGetValue("app", out var app)
                    && app == name))],
            [.. names.Select(name =>
                new ServiceView { Name = name, Selector = new Dictionary<string, string> { ["app"] = name },
                    Targets = [new("http", 0)] })]);
    }

    private static WafPolicy Policy(string name) => new()
    {
        Metadata = new() { Name = name, Namespace = "shop", CreationTimestamp = DateTimeOffset.UnixEpoch },
        Spec = new() { TargetRefs = [new() { Kind = TargetKind.Deployment, Name = name }] },
    };
}
