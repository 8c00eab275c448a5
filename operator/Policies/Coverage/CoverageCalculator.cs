using System.Globalization;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>A pod that a policy protects, as observed.</summary>
/// <param name="Name">Name.</param>
/// <param name="Absence">Why it has no sidecar; null for one that carries a sidecar.</param>
/// <param name="RevisionInForce">Revision its sidecar runs, or null when it did not answer.</param>
/// <param name="RejectedReason">Why the sidecar refused the newest revision, or null.</param>
public sealed record CoveredPod(string Name, string? Absence, string? RevisionInForce, string? RejectedReason)
{
    /// <summary>Models of the policy that do not score in it, such as <c>gate Missing</c>; none when all do.</summary>
    public IReadOnlyList<ModelProblem> Models { get; init; } = [];

    /// <summary>Its sidecar runs this revision, with all that it names.</summary>
    public bool Runs(string? revision) =>
        HasSidecar && revision is not null && RevisionInForce == revision && Models.Count == 0;

    /// <summary>It carries a sidecar.</summary>
    public bool HasSidecar => Absence is null;
}

/// <summary>Counts how far a policy has reached (pure).</summary>
public static class CoverageCalculator
{
    private const int NamesMax = 5;

    /// <param name="pods">Active pods that the policy protects.</param>
    /// <param name="revision">Revision that should be in force, or null when there is none.</param>
    public static CoverageStatus Count(IReadOnlyCollection<CoveredPod> pods, string? revision)
    {
        var injected = pods.Count(p => p.HasSidecar);
        var programmed = pods.Count(p => p.Runs(revision));
        return new CoverageStatus
        {
            Matched = pods.Count,
            Injected = injected,
            Programmed = programmed,
            Stale = injected - programmed,
            Missing = pods.Count - injected,
            MissingReasons =
            [
                .. pods.Where(p => p.Absence is not null).GroupBy(p => p.Absence!, StringComparer.Ordinal)
                    .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new MissingPods
                    {
                        Reason = group.Key,
                        Count = group.Count(),
                        Pods = [.. group.Select(p => p.Name).Order(StringComparer.Ordinal).Take(NamesMax)],
                    }),
            ],
            Summary = string.Create(CultureInfo.InvariantCulture, $"{programmed}/{pods.Count}"),
        };
    }
}
