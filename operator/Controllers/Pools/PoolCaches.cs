using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Pools;

namespace WafOperator.Controllers.Pools;

/// <summary>What pools consist of, and what refers to them.</summary>
/// <param name="Ours">Our own kinds.</param>
/// <param name="Rungs">The Deployments of pools, and no others.</param>
/// <param name="Pods">Their pods.</param>
public sealed record PoolCaches(PolicyCaches Ours, Informer<RungView> Rungs, Informer<PoolPodView> Pods)
{
    /// <summary>Makes the informers and adds them to a set.</summary>
    public static PoolCaches Add(InformerSet set, KubernetesClient client, RuntimeServices services, PolicyCaches ours)
    {
        var options = new InformerOptions
        {
            Selection = new ListOptions
            {
                LabelSelector = $"{PoolNames.PoolLabel},{PoolNames.ManagedByLabel}={PoolNames.ManagedBy}",
            },
        };
        return new PoolCaches(
            ours,
            set.Add(new Informer<RungView>(client, RungView.Type, options, services)),
            set.Add(new Informer<PoolPodView>(client, PoolPodView.Type, options, services)));
    }

    /// <summary>The pool that a Deployment or pod belongs to.</summary>
    public static IEnumerable<NamespacedName> OwnerOf(ObjectMeta? metadata) =>
        metadata is not null && PoolNames.PoolOf(metadata) is { } pool ? [pool] : [];

    internal List<PoolPodView> PodsOf(NamespacedName pool) =>
        [.. Pods.Cache.ByNamespace.Find(pool.Namespace).Where(p => PoolNames.PoolOf(p.Metadata) == pool)];

    internal List<RungView> RungsOf(NamespacedName pool) =>
        [.. Rungs.Cache.ByNamespace.Find(pool.Namespace).Where(r => PoolNames.PoolOf(r.Metadata) == pool)];

    /// <summary>
    /// What the ladder needs to know of each rung that exists. A server that is up, but not ready for so long that no
    /// model takes that long to load, counts as failing.
    /// </summary>
    internal static IReadOnlyDictionary<int, RungObservation> Observe(
        IReadOnlyList<RungView> rungs, IReadOnlyList<PoolPodView> pods, DateTimeOffset now)
    {
        var result = new Dictionary<int, RungObservation>();
        pods = [.. pods.Select(pod => WithPatience(pod, now))];
        foreach (var rung in rungs)
        {
            if (PoolNames.RungOf(rung.Metadata) is not { } number) continue;
            var active = pods.Where(p => p.Rung == number && p.IsActive).ToList();
            var homeless = active.Where(p => p.UnschedulableSince is not null).MinBy(p => p.UnschedulableSince);
            var failing = active.Where(p => p.FailingSince is not null).MinBy(p => p.FailingSince);
            result[number] = new RungObservation
            {
                Ready = active.Count(p => p.IsReady),
                Starting = active.Count(p => p is { HasNode: true, IsReady: false, FailingSince: null }),
                IsRolling = rung.IsRolling,
                UnschedulableSince = homeless?.UnschedulableSince ?? rung.RefusedSince,
                Unschedulable = homeless?.Unschedulable ?? rung.Refused,
                FailingSince = failing?.FailingSince,
                Failing = failing?.Failing,
            };
        }

        return result;
    }

    private static PoolPodView WithPatience(PoolPodView pod, DateTimeOffset now) =>
        pod is { HasNode: true, FailingSince: null, NotReadySince: { } since } && now - since >= PoolLadder.TryMax
            ? pod with
            {
                FailingSince = since,
                Failing = $"its servers are not ready for {PoolLadder.TryMax.TotalMinutes} minutes",
            }
            : pod;
}
