namespace WafOperator.Protocols.Policies;

/// <summary>
/// A policy as single requests are judged by it, outside of traffic: without what depends on the pace or the past of
/// clients (rate limits, logins, behaviour), without other replicas, the application and inference pools, and so
/// without secrets. Pure.
/// </summary>
public static class JudgingDocument
{
    /// <summary>The document, sealed anew.</summary>
    public static PolicyDocument Of(PolicyDocument document) => PolicyRevision.Seal(document with
    {
        RateLimits = [], Logins = null, Behaviour = null, Sharing = null, Upstream = null,
        Ml = document.Ml is { } models ? models with { PoolUrl = null, PoolKey = null } : null,
        Logging = document.Logging with { Decisions = DecisionLogLevel.All },
    });
}
