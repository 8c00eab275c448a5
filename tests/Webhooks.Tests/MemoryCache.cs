using WafOperator.Injection.Capture;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;

namespace WafOperator.Webhooks.Tests;

/// <summary>A cache that a test fills by hand.</summary>
internal sealed class MemoryCache : IAdmissionCache
{
    public bool IsSynced { get; set; } = true;
    public List<WafPolicy> PolicyList { get; } = [];
    public List<Workload> WorkloadList { get; } = [];
    public List<ServiceView> ServiceList { get; } = [];
    public Dictionary<string, IReadOnlyDictionary<string, string>> TextList { get; } = [];

    public IReadOnlyList<WafPolicy> Policies(string @namespace) => [.. PolicyList];
    public IReadOnlyList<Workload> Workloads(string @namespace) => [.. WorkloadList];
    public IReadOnlyList<ServiceView> Services(string @namespace) => [.. ServiceList];
    public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) => new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string>? Texts(string @namespace, string configMap) =>
        TextList.GetValueOrDefault(configMap);

    /// <summary>A policy for the Deployment shop, and a Service that targets its port http.</summary>
    public static MemoryCache WithShop(bool isRequired = false)
    {
        var cache = new MemoryCache();
        cache.PolicyList.Add(new()
        {
            Metadata = new() { Name = "shop", Namespace = "shop" },
            Spec = new()
            {
                TargetRefs = [new() { Kind = TargetKind.Deployment, Name = "shop" }],
                Interception = new() { Required = isRequired },
            },
        });
        cache.WorkloadList.Add(new(TargetKind.Deployment, "shop", pod => pod.Labels.TryGetValue("app", out var app)
            && app == "shop"));
        cache.ServiceList.Add(ShopService());
        return cache;
    }

    public static ServiceView ShopService() => new()
    {
        Name = "shop",
        Selector = new Dictionary<string, string> { ["app"] = "shop" },
        Targets = [new("http", 0)],
    };
}
