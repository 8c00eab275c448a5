namespace WafOperator.Kubernetes.Client;

/// <summary>What became of an eviction. None of these is a failure.</summary>
public abstract record EvictionOutcome
{
    private EvictionOutcome()
    {
    }

    /// <summary>The pod is being deleted.</summary>
    public sealed record Evicted : EvictionOutcome;

    /// <summary>The pod is gone, or is another pod of the same name.</summary>
    public sealed record AlreadyGone : EvictionOutcome;

    /// <summary>A disruption budget, or a busy server, does not allow it now.</summary>
    public sealed record NotNow(TimeSpan RetryAfter, string Message) : EvictionOutcome;
}
