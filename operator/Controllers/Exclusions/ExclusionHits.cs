using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Exclusions;

/// <summary>
/// Turns counters that restart with their sidecar into one total that only grows. The total itself is kept in the object's status, so a
/// restarted operator goes on from there; hits counted while no operator looked at a pod that then went are lost.
/// </summary>
public sealed class ExclusionHits
{
    private readonly ConcurrentDictionary<NamespacedName, Dictionary<(string Pod, DateTimeOffset Started), long>> _seen = new();

    /// <summary>The new total.</summary>
    /// <param name="exclusion">Name.</param>
    /// <param name="total">Total so far.</param>
    /// <param name="counters">Counter of each sidecar process now.</param>
    public long Add(
        NamespacedName exclusion, long total, IEnumerable<(string Pod, DateTimeOffset Started, long Hits)> counters)
    {
        var isFirst = !_seen.TryGetValue(exclusion, out var before);
        var now = new Dictionary<(string, DateTimeOffset), long>();
        foreach (var (pod, started, hits) in counters)
        {
            now[(pod, started)] = hits;
            var known = before?.GetValueOrDefault((pod, started)) ?? 0;
            // After the operator's own start the counters are already in the total, unless nothing ever was.
            if (!isFirst || total == 0) total += Math.Max(0, hits - known);
        }

        _seen[exclusion] = now;
        return total;
    }

    /// <summary>The exclusion was deleted.</summary>
    public void Forget(NamespacedName exclusion) => _seen.TryRemove(exclusion, out _);
}
