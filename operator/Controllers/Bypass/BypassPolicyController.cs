using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Bypass;

/// <summary>
/// Closes the way around sidecars with NetworkPolicies, where a WafPolicy says so, and opens it again when it no longer
/// does. The cluster's network plug-in enforces them; without one that does, they have no effect. Runs on the leader.
/// </summary>
public sealed class BypassPolicyController(KubernetesClient client, PolicyCaches caches, PolicyCoverage coverage)
    : IReconciler
{
    /// <summary>NetworkPolicies are not watched; what somebody deletes comes back by then.</summary>
    private static readonly TimeSpan ApplyAgain = TimeSpan.FromMinutes(5);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = caches.Policies.Cache.Get(key);
        // What belongs to a deleted policy is collected with it.
        if (policy is null || policy.Metadata.IsBeingDeleted) return ReconcileResult.Done;
        var isWanted = policy.Value.Spec.Interception?.NetworkPolicy is true;
        var wanted = isWanted
            ? BypassPolicies.Build(policy.Metadata, coverage.PodsOf(key, coverage.ResolverOf(key.Namespace))
                .Select(view => view.Pod.Captured).OfType<CapturedPod>())
            : new Dictionary<string, System.Text.Json.Nodes.JsonObject>();
        foreach (var body in wanted.Values)
            await client.ApplyAsync(BuiltIn.NetworkPolicies, body, new ApplyOptions(), cancellationToken);
        await DeleteOthersAsync(policy.Metadata, wanted.Keys, cancellationToken);
        return isWanted ? ReconcileResult.After(ApplyAgain) : ReconcileResult.Done;
    }

    private async Task DeleteOthersAsync(
        ObjectMeta policy, IEnumerable<string> wanted, CancellationToken cancellationToken)
    {
        var selection = new ListOptions
        {
            Namespace = policy.Namespace, LabelSelector = $"{BypassPolicies.OwnerLabel}={policy.Uid}",
        };
        var existing = await client.ListAsync(BuiltIn.NetworkPolicies, selection, cancellationToken);
        foreach (var key in existing.Items.Select(item => item.Metadata.Key).ExceptBy(wanted, key => key.Name))
            await client.DeleteAsync(BuiltIn.NetworkPolicies, key, new DeleteOptions(), cancellationToken);
    }
}
