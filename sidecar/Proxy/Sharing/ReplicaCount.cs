namespace WafOperator.Proxy.Sharing;

/// <summary>How many replicas count the same limits, as the operator last said. Thread-safe.</summary>
internal sealed class ReplicaCount
{
    /// <summary>More than this is taken for a mistake.</summary>
    public const int Most = 10_000;

    private volatile int _count = 1;

    /// <summary>At least 1; 1 until the operator was heard.</summary>
    public int Count
    {
        get => _count;
        set => _count = Math.Clamp(value, 1, Most);
    }
}
