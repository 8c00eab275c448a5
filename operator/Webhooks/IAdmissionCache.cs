using WafOperator.Injection.Capture;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;

namespace WafOperator.Webhooks;

/// <summary>
/// What admission looks up, from memory: the host wires it to informers. All members are thread-safe and quick.
/// </summary>
public interface IAdmissionCache
{
    /// <summary>True once everything below was listed completely; before, nothing may be decided from it.</summary>
    bool IsSynced { get; }

    IReadOnlyList<WafPolicy> Policies(string @namespace);

    /// <summary>Workloads and Services, as policies target them.</summary>
    IReadOnlyList<Workload> Workloads(string @namespace);

    /// <summary>Services, with the ports they target.</summary>
    IReadOnlyList<ServiceView> Services(string @namespace);

    IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace);

    /// <summary>
    /// Texts by key of a ConfigMap with the label that lets the operator read it; null where there is none.
    /// </summary>
    IReadOnlyDictionary<string, string>? Texts(string @namespace, string configMap);
}
