namespace WafOperator.Kubernetes;

/// <summary>
/// The one source of chance: spreads waits, so that many replicas do not act in step. Safe for concurrent use.
/// </summary>
public sealed class Jitter(Random random)
{
    private readonly Lock _lock = new();

    /// <summary>The duration, made longer by up to <paramref name="fraction"/> of itself.</summary>
    public TimeSpan Longer(TimeSpan duration, double fraction)
    {
        lock (_lock) return duration * (1 + (random.NextDouble() * fraction));
    }

    /// <summary>
    /// The wait after the n-th failure in a row (n ≥ 1): doubling from <paramref name="first"/> to
    /// <paramref name="max"/>, half of it by chance.
    /// </summary>
    public TimeSpan BackOff(int failures, TimeSpan first, TimeSpan max)
    {
        var doubled = Math.Min(first.TotalSeconds * Math.Pow(2, Math.Clamp(failures - 1, 0, 40)), max.TotalSeconds);
        lock (_lock) return TimeSpan.FromSeconds(doubled * (0.5 + (random.NextDouble() * 0.5)));
    }

    /// <summary>A name that no other process has: for lease holders and event names.</summary>
    public string Suffix()
    {
        Span<byte> bytes = stackalloc byte[8];
        lock (_lock) random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
