namespace WafOperator.Proxy.RateLimiting;

/// <summary>What the rate limits say about a request.</summary>
/// <param name="Limit">Name of the limit that was exceeded, or null.</param>
/// <param name="RetryAfter">When a request would pass again.</param>
/// <param name="DryRunLimit">Name of a limit in dry run that was exceeded, or null.</param>
public readonly record struct RateOutcome(string? Limit, TimeSpan RetryAfter, string? DryRunLimit)
{
    public static readonly RateOutcome Pass;

    /// <summary>The exceeded limit as the field RateLimit-Policy names it, or null.</summary>
    public string? Policy { get; init; }

    /// <summary>Both outcomes in one: the longest wait is told.</summary>
    public RateOutcome With(in RateOutcome other)
    {
        var longer = other.Limit is not null && (Limit is null || other.RetryAfter > RetryAfter) ? other : this;
        return longer with { DryRunLimit = other.DryRunLimit ?? DryRunLimit };
    }
}
