using System.Globalization;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>A pod that a policy protects, as observed.</summary>
/// <param name="HasSidecar">It carries a sidecar.</param>
/// <param name="RevisionInForce">Revision its sidecar runs, or null when it did not answer.</param>
/// <param name="RejectedReason">Why the sidecar refused the newest revision, or null.</param>
public sealed record CoveredPod(bool HasSidecar, string? RevisionInForce, string? RejectedReason);

/// <summary>Counts how far a policy has reached (pure).</summary>
public static class CoverageCalculator
{
    /// <param name="pods">Active pods that the policy protects.</param>
    /// <param name="revision">Revision that should be in force, or null when there is none.</param>
    public static CoverageStatus Count(IReadOnlyCollection<CoveredPod> pods, string? revision)
    {
        var injected = pods.Count(p => p.HasSidecar);
        var programmed = pods.Count(p => p.HasSidecar && revision is not null && p.RevisionInForce == revision);
        return new CoverageStatus
        {
            Matched = pods.Count,
            Injected = injected,
            Programmed = programmed,
            Stale = injected - programmed,
            Missing = pods.Count - injected,
            Summary = string.Create(CultureInfo.InvariantCulture, $"{programmed}/{pods.Count}"),
        };
    }
}
