using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Coverage;

/// <summary>
/// What the sidecars of a policy saw, put together: values that many clients sent, those of most clients first. Pure.
/// </summary>
internal static class SeenTogether
{
    /// <summary>Clients that must have sent a value, to one sidecar: of several it cannot be told whether they are the
    /// same.</summary>
    public const int ClientsMin = 8;

    /// <summary>Requests that must have had it, all sidecars together.</summary>
    public const int RequestsMin = 50;

    /// <summary>Each value once, with its requests (one digit, rounded down) and the clients of one sidecar.</summary>
    /// <param name="sidecars">What each sidecar of the policy saw.</param>
    /// <param name="isSound">Whether a word that a pod said may be repeated.</param>
    public static IEnumerable<SeenValue> Of(
        IReadOnlyCollection<IReadOnlyList<SeenValue>> sidecars, Func<SeenValue, bool> isSound) =>
        sidecars.SelectMany(seen => seen.Where(isSound).DistinctBy(value => (value.Kind, value.Value)))
            .GroupBy(seen => (seen.Kind, seen.Value))
            .Select(same => new SeenValue
            {
                Kind = same.Key.Kind,
                Value = same.Key.Value,
                Clients = Math.Clamp(same.Max(seen => seen.Clients), 0, SeenValue.ClientsMax),
                Requests = Rounded(same.Sum(seen => Math.Clamp(seen.Requests, 0, InspectionSummary.CountMax))),
            })
            .Where(found => found.Clients >= ClientsMin && found.Requests >= RequestsMin)
            .OrderByDescending(found => found.Clients).ThenBy(found => found.Value, StringComparer.Ordinal);

    /// <summary>One digit, rounded down, so that the status is not written anew for each request.</summary>
    private static long Rounded(long count)
    {
        var unit = 1L;
        while (count / unit >= 10) unit *= 10;
        return count / unit * unit;
    }
}
