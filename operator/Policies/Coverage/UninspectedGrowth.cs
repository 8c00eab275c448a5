using WafOperator.Protocols.Events;
using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Coverage;

/// <summary>A sidecar's counters; they begin anew when it starts anew.</summary>
public readonly record struct CountedSidecar(string PodUid, DateTimeOffset StartedAt, InspectionCounters Counters);

/// <summary>
/// Which reasons that nobody chose have grown lately in one policy: a share of the requests of the last minutes, so
/// that one odd client does not turn a condition. Not thread-safe.
/// </summary>
public sealed class UninspectedGrowth
{
    /// <summary>Growth is looked at over one to two of these.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Requests per hundred that must have a reason.</summary>
    public const int SharePercentMin = 1;

    private readonly Dictionary<(string Pod, DateTimeOffset StartedAt), (InspectionCounters Older,
        InspectionCounters Newer)> _known = [];
    private DateTimeOffset _turnedAt = DateTimeOffset.MinValue;

    /// <summary>Takes what sidecars count now; the reasons that grew, in the order of the list.</summary>
    public IReadOnlyList<UninspectedReason> Observe(IReadOnlyCollection<CountedSidecar> sidecars, DateTimeOffset now)
    {
        var isTurning = now - _turnedAt >= Window;
        if (isTurning) _turnedAt = now;
        var present = sidecars.Select(s => (s.PodUid, s.StartedAt)).ToHashSet();
        foreach (var gone in _known.Keys.Where(key => !present.Contains(key)).ToList()) _known.Remove(gone);
        long requests = 0;
        var grown = new Dictionary<UninspectedReason, long>();
        foreach (var (pod, startedAt, counters) in sidecars)
        {
            var (older, newer) = _known.GetValueOrDefault((pod, startedAt), (counters, counters));
            requests += Math.Max(0, InspectionSummary.Requests(counters) - InspectionSummary.Requests(older));
            foreach (var reason in Enum.GetValues<UninspectedReason>())
            {
                var growth = InspectionSummary.CountOf(counters, reason) - InspectionSummary.CountOf(older, reason);
                if (growth > 0) grown[reason] = grown.GetValueOrDefault(reason) + growth;
            }

            _known[(pod, startedAt)] = isTurning ? (newer, counters) : (older, newer);
        }

        return
        [
            .. grown.Where(item => UninspectedKinds.Of(item.Key) is UninspectedKind.Client or UninspectedKind.Fault
                && item.Value >= requests * (SharePercentMin / 100.0)).Select(item => item.Key).Order(),
        ];
    }
}
