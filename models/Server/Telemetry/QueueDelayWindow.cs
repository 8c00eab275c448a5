namespace WafOperator.Models.Server.Telemetry;

/// <summary>
/// The 95th percentile of the last 15 to 30 seconds, for autoscaling: two histograms that take turns, with bounds a
/// quarter apart. Thread-safe.
/// </summary>
internal sealed class QueueDelayWindow(TimeProvider time)
{
    private const int Buckets = 72;
    private const double FirstSeconds = 0.00001;
    private const double Growth = 1.25;

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private long[] _current = new long[Buckets];
    private long[] _previous = new long[Buckets];
    private long _turnedAt = time.GetTimestamp();

    public void Record(TimeSpan delay)
    {
        lock (_lock)
        {
            Rotate();
            _current[BucketOf(delay.TotalSeconds)]++;
        }
    }

    /// <summary>The upper bound of the bucket that holds the percentile; zero when nothing was queued.</summary>
    public TimeSpan P95()
    {
        lock (_lock)
        {
            Rotate();
            var total = _current.Sum() + _previous.Sum();
            if (total == 0) return TimeSpan.Zero;
            var wanted = (long)Math.Ceiling(total * 0.95);
            long seen = 0;
            for (var i = 0; i < Buckets; i++)
            {
                seen += _current[i] + _previous[i];
                if (seen >= wanted) return TimeSpan.FromSeconds(FirstSeconds * Math.Pow(Growth, i));
            }

            return TimeSpan.FromSeconds(FirstSeconds * Math.Pow(Growth, Buckets));
        }
    }

    private static int BucketOf(double seconds) => seconds <= FirstSeconds
        ? 0
        : Math.Min(Buckets - 1, (int)Math.Ceiling(Math.Log(seconds / FirstSeconds, Growth)));

    private void Rotate()
    {
        var turns = (int)Math.Min(2, time.GetElapsedTime(_turnedAt) / Turn);
        for (var i = 0; i < turns; i++)
        {
            (_current, _previous) = (_previous, _current);
            Array.Clear(_current);
        }

        if (turns > 0) _turnedAt = time.GetTimestamp();
    }
}
