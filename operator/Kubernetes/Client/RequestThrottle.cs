namespace WafOperator.Kubernetes.Client;

/// <summary>
/// A token bucket that delays instead of refusing: the n-th waiter is told its time at once, so order is kept and
/// nothing polls. Safe for concurrent use.
/// </summary>
internal sealed class RequestThrottle(double perSecond, int burst, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private double _tokens = burst;
    private double _at;

    public async ValueTask<TimeSpan> WaitAsync(CancellationToken cancellationToken)
    {
        var delay = Reserve();
        if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancellationToken);
        return delay;
    }

    /// <summary>Takes one token, possibly of the future, and says how long until it exists.</summary>
    internal TimeSpan Reserve()
    {
        lock (_lock)
        {
            var now = time.GetElapsedTime(_start).TotalSeconds;
            _tokens = Math.Min(burst, _tokens + ((now - _at) * perSecond));
            _at = now;
            _tokens--;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
        }
    }
}
