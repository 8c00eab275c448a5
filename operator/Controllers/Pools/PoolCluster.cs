using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Controllers.Pools;

/// <summary>
/// The part of pools that talks: writes their objects, asks nodes for room and servers for scores. Decides nothing.
/// </summary>
public sealed class PoolCluster
{
    private readonly KubernetesClient _client;
    private readonly PoolChildren _children;
    private readonly ParityProbe _parity;
    private readonly PoolSettings _settings;

    public PoolCluster(KubernetesClient client, ParityProbe parity, PoolSettings settings, TimeProvider time)
    {
        (_client, _parity, _settings) = (client, parity, settings);
        _children = new PoolChildren(client, time);
    }

    internal void Forget(NamespacedName pool) => _children.Forget(pool);

    /// <summary>
    /// Makes the objects as decided. The Service comes last of what is made, so that it never points to a rung that is
    /// not there, and Deployments that are no longer wanted go after it.
    /// </summary>
    /// <returns>Which name is taken, or null.</returns>
    internal async Task<string?> ApplyAsync(
        Resource<InferencePool> pool, LadderDecision ladder, IEnumerable<int> existing,
        CancellationToken cancellationToken)
    {
        foreach (var (rung, replicas) in ladder.Replicas.OrderBy(r => r.Key))
        {
            var inPlace = ladder.State.InPlace && rung == ladder.State.Serving;
            var body = RungDeployment.Build(pool, rung, replicas, inPlace, _settings);
            var taken = await _children.EnsureAsync(pool, BuiltIn.Deployments, body, cancellationToken);
            if (taken is not null) return taken;
        }

        if (_settings.ReachedFrom is { } namespaces)
        {
            var policy = PoolObjects.NetworkPolicy(pool, namespaces);
            var owned = await _children.EnsureAsync(pool, BuiltIn.NetworkPolicies, policy, cancellationToken);
            if (owned is not null) return owned;
        }

        var service = PoolObjects.Service(pool, ladder.State.Serving);
        var refusal = await _children.EnsureAsync(pool, BuiltIn.Services, service, cancellationToken);
        if (refusal is not null) return refusal;
        foreach (var rung in existing.Where(r => !ladder.Replicas.ContainsKey(r) && !ladder.Lingering.Contains(r)))
        {
            var key = PoolNames.Deployment(pool.Metadata.Key, rung);
            await _children.RemoveAsync(pool, BuiltIn.Deployments, key, cancellationToken);
        }

        var capabilities = await _client.GetCapabilitiesAsync(cancellationToken);
        var budgets = BuiltIn.PodDisruptionBudgets(capabilities.DisruptionBudgetVersion);
        return await _children.EnsureAsync(pool, budgets, PoolObjects.DisruptionBudget(pool), cancellationToken)
            ?? await ApplyAutoscalerAsync(pool, capabilities, cancellationToken);
    }

    /// <summary>Nobody has written to the pool since it was read.</summary>
    internal async Task<bool> IsCurrentAsync(Resource<InferencePool> pool, CancellationToken cancellationToken)
    {
        var found = await _client.TryGetAsync(ControllerKinds.Pools, pool.Metadata.Key, cancellationToken);
        return found?.Metadata.ResourceVersion == pool.Metadata.ResourceVersion;
    }

    /// <summary>How many pods of each rung would find a node now.</summary>
    internal async Task<IReadOnlyDictionary<int, int>> FreeSlotsAsync(
        InferencePoolSpec spec, CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync(BuiltIn.Nodes, ListOptions.All, cancellationToken);
        var pods = await _client.ListAsync(
            BuiltIn.Pods,
            new ListOptions { FieldSelector = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed" },
            cancellationToken);
        var placement = spec.Placement ?? new PlacementSpec();
        return spec.Ladder.Select((rung, index) => (index, rung)).ToDictionary(
            r => r.index, r => NodeCapacity.FreeSlots(nodes.Items, pods.Items, r.rung, placement));
    }

    /// <summary>
    /// Comparisons that are about the present rungs and packages: those in the status, and a new one for each rung of
    /// <paramref name="rungs"/> that has a ready pod and none yet.
    /// </summary>
    internal async Task<IReadOnlyList<RungParity>> ParityAsync(
        Resource<InferencePool> pool, IReadOnlyList<int?> rungs, IReadOnlyList<PoolPodView> pods,
        IReadOnlyList<PoolModel> models, CancellationToken cancellationToken)
    {
        var spec = pool.Value.Spec;
        var maximum = DecimalText.ParseDouble((spec.Parity ?? new ParitySpec()).MaximumDeviation);
        var subjects = spec.Ladder
            .Select(r => ScoreParity.SubjectOf(r, maximum, models.Select(m => m.Package.Digest))).ToList();
        var known = (pool.Value.Status?.Parity ?? [])
            .Where(p => p.Rung < subjects.Count && p.Subject == subjects[p.Rung]).ToDictionary(p => p.Rung);
        foreach (var rung in rungs.OfType<int>().Where(r => r < subjects.Count && !known.ContainsKey(r)))
        {
            var pod = pods.FirstOrDefault(
                p => p is { IsActive: true, IsReady: true, Address: not null } && p.Rung == rung);
            if (pod is null) continue;
            var found = await _parity.CompareAsync(
                pool.Metadata.Key, rung, subjects[rung], pod.Address!, models, maximum, cancellationToken);
            if (found is not null) known[rung] = found;
        }

        return [.. known.Values.OrderBy(p => p.Rung)];
    }

    private async Task<string?> ApplyAutoscalerAsync(
        Resource<InferencePool> pool, ServerCapabilities capabilities, CancellationToken cancellationToken)
    {
        var type = BuiltIn.HorizontalPodAutoscalers(capabilities.AutoscalerVersion);
        if (pool.Value.Spec.Autoscaling is { UseHorizontalPodAutoscaler: true } scaling)
            return await _children.EnsureAsync(pool, type, PoolObjects.Autoscaler(pool, scaling), cancellationToken);
        if (!_children.MayExist(type, pool.Metadata.Key)) return null;
        await _children.RemoveAsync(pool, type, pool.Metadata.Key, cancellationToken);
        _children.MarkAbsent(type, pool.Metadata.Key);
        return null;
    }
}
