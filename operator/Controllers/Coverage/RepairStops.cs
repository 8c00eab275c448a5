using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Coverage;

/// <summary>Nothing of a policy is evicted for now.</summary>
/// <param name="Generation">Of the policy then: a change of it ends the stop.</param>
/// <param name="Until">When it is tried again.</param>
/// <param name="Words">Until when, and why.</param>
public sealed record RepairStop(long Generation, DateTimeOffset Until, string Words);

/// <summary>
/// Policies whose repair has stopped: told by the controller that evicts, shown in the policy's status by another. In
/// memory, at most one for each policy. Thread-safe.
/// </summary>
public sealed class RepairStops
{
    private readonly ConcurrentDictionary<NamespacedName, RepairStop> _stops = new();

    /// <summary>The repair of a policy has stopped.</summary>
    public event Action<NamespacedName>? Stopped;

    /// <summary>Stops the repair of a policy as it is now; returns what there is to say of it.</summary>
    public RepairStop Stop(ObjectMeta policy, DateTimeOffset until, string why)
    {
        var stop = new RepairStop(policy.Generation, until,
            $"pods without a sidecar are not evicted until {until:u}, or until the policy changes: {why}");
        _stops[policy.Key] = stop;
        Stopped?.Invoke(policy.Key);
        return stop;
    }

    /// <summary>The stop that holds for the policy as it is now, or null.</summary>
    public RepairStop? Find(ObjectMeta policy, DateTimeOffset now) =>
        _stops.TryGetValue(policy.Key, out var stop) && stop.Generation == policy.Generation && stop.Until > now
            ? stop : null;

    /// <summary>The policy is gone, or asks for no repair.</summary>
    public void Forget(NamespacedName policy) => _stops.TryRemove(policy, out _);
}
