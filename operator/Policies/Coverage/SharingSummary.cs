using System.Globalization;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>What a policy's status says about how its replicas count. Pure.</summary>
public static class SharingSummary
{
    private const int ProblemLengthMax = 200;

    /// <summary>Null for a policy that counts nothing.</summary>
    /// <param name="document">The document that sidecars receive.</param>
    /// <param name="asksForRedis">The spec names a Redis.</param>
    /// <param name="replicas">Pods with a sidecar.</param>
    /// <param name="reports">What sidecars that run the policy say.</param>
    public static SharingStatus? Of(
        PolicyDocument? document, bool asksForRedis, int replicas, IReadOnlyList<SharingReport> reports)
    {
        if (document?.Sharing is not { } sharing) return null;
        var connected = reports.Count(report => report.Connected is true);
        var alone = sharing.Limits is LimitSharing.PerReplica ? "each sidecar gives all of a limit"
            : replicas <= 1 ? "there is one sidecar, which gives all of a limit"
            : Text($"limits are divided by {replicas} sidecars");
        var (limits, message) = (sharing.Redis, asksForRedis) switch
        {
            (null, true) => (AloneOf(sharing, replicas), $"Redis cannot be used, see ResolvedRefs: {alone}"),
            (null, false) => (AloneOf(sharing, replicas), alone),
            _ when reports.Count > 0 && connected == reports.Count =>
                ("Redis", Text($"all {connected} sidecars count in Redis")),
            _ => (connected > 0 ? "Redis" : AloneOf(sharing, replicas),
                Text($"{connected} of {reports.Count} sidecars count in Redis; with the others {alone}")
                + ProblemOf(reports)),
        };
        return new SharingStatus { Limits = limits, Replicas = replicas, Connected = connected, Message = message };
    }

    private static string AloneOf(SharingPolicy sharing, int replicas) =>
        sharing.Limits is LimitSharing.PerReplica ? "PerReplica" : replicas <= 1 ? "Single" : "Divided";

    /// <summary>The sidecars' own words, cut: they are of programs that may be anybody's.</summary>
    private static string ProblemOf(IReadOnlyList<SharingReport> reports)
    {
        var problem = reports.FirstOrDefault(report => report.Problem is { Length: > 0 })?.Problem;
        return problem is null ? "" : ": " + (problem.Length <= ProblemLengthMax ? problem
            : problem[..ProblemLengthMax] + "…");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
