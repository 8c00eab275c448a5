using WafOperator.Controllers.Sidecars;
using WafOperator.Injection;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Coverage;

/// <summary>
/// Whether a pod's successor would get a sidecar, asked before the pod is evicted: whether the API server sends pods of
/// its namespace to the injector at all, and what the injector would decide about a pod like this one.
/// </summary>
/// <param name="client">The API server.</param>
/// <param name="caches">Services of the namespace.</param>
/// <param name="labels">Labels of a namespace.</param>
/// <param name="settings">What is injected; null before this is known.</param>
/// <param name="configuration">Name of the webhooks' configuration.</param>
public sealed class SuccessorCheck(
    KubernetesClient client, CoverageCaches caches, Func<string, IReadOnlyDictionary<string, string>> labels,
    Func<InjectionSettings?> settings, string configuration)
{
    /// <summary>Why a successor would come back bare, or not at all; null when it would have its sidecar.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="pod">The pod that would be evicted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> RefusalAsync(
        Resource<WafPolicy> policy, PodView pod, CancellationToken cancellationToken)
    {
        var ns = policy.Metadata.Key.Namespace;
        if (settings() is not { } injection) return "the operator does not know yet what it injects";
        var webhooks = await client.TryGetAsync(
            BuiltIn.MutatingWebhookConfigurations, NamespacedName.Cluster(configuration), cancellationToken);
        if (webhooks is null || !Reaches(webhooks, labels(ns)))
            return $"pods of the namespace {ns} are not sent to the injector: see its label wafoperator.dev/injection, "
                + "and webhooks.namespaces of the chart";
        // Pods are kept as small views, and may be listed but not be asked for by name.
        var found = await client.ListAsync(
            BuiltIn.Pods,
            new ListOptions { Namespace = ns, FieldSelector = $"metadata.name={pod.Metadata.Name}" },
            cancellationToken);
        if (found.Items.FirstOrDefault(p => p.Metadata.Uid == pod.Metadata.Uid) is not { } whole)
            return "the pod is gone";
        return Refusal(Injector.Decide(new PodInjectionInput
        {
            Pod = whole.ToNode(),
            Namespace = ns,
            NamespaceLabels = labels(ns),
            Services = [.. caches.ServicesIn(ns)],
            Policy = new PolicyChoice.Found(policy.Metadata.Name, policy.Value.Spec),
            Settings = injection,
        }));
    }

    /// <summary>Whether pods of a namespace with these labels are sent to one of the webhooks. Pure.</summary>
    internal static bool Reaches(KubernetesObject configuration, IReadOnlyDictionary<string, string> labels) =>
        configuration.Json.Items("webhooks").Any(webhook => webhook.At("namespaceSelector") is not { } selector
            || LabelSelector.Read(selector)?.Matches(labels) is true);

    private static string? Refusal(InjectionDecision decision) => decision switch
    {
        InjectionDecision.Inject => null,
        InjectionDecision.Deny deny => deny.Message,
        InjectionDecision.Skip skip => skip.Message,
        _ => "the injector does not know",
    };
}
