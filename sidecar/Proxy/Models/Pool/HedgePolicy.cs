namespace WafOperator.Proxy.Models.Pool;

/// <summary>
/// When a second request is sent after the first: once the first takes longer than 95 of 100 did lately, and only as
/// many that they stay a small share of all calls. Thread-safe.
/// </summary>
internal sealed class HedgePolicy
{
    /// <summary>Hedges per call at most, over time.</summary>
    public const double ShareMax = 0.05;

    /// <summary>Hedges in a burst at most.</summary>
    public const double BurstMax = 5;

    /// <summary>Answers that are looked back at.</summary>
    public const int Window = 256;

    /// <summary>Answers before which nothing is known.</summary>
    public const int SamplesMin = 20;

    private readonly Lock _lock = new();
    private readonly long[] _times = new long[Window];
    private readonly long[] _sorted = new long[Window];
    private int _count;
    private int _at;
    private long _p95 = -1;
    private double _allowance;

    /// <summary>A call is made: hedges become a little more affordable.</summary>
    public void Called()
    {
        lock (_lock) _allowance = Math.Min(BurstMax, _allowance + ShareMax);
    }

    /// <summary>A first request was answered.</summary>
    public void Answered(TimeSpan time)
    {
        lock (_lock)
        {
            _times[_at] = time.Ticks;
            _at = (_at + 1) % Window;
            _count = Math.Min(_count + 1, Window);
            // The percentile moves slowly; sorting at every answer would cost more than it tells.
            if (_at % 16 == 0 || _p95 < 0 && _count >= SamplesMin) _p95 = Percentile();
        }
    }

    /// <summary>How long to wait for the first answer before a second request; null: too little is known.</summary>
    public TimeSpan? Delay
    {
        get
        {
            lock (_lock) return _p95 < 0 ? null : TimeSpan.FromTicks(_p95);
        }
    }

    /// <summary>True when one more hedge is affordable; it is then counted.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            if (_allowance < 1) return false;
            _allowance -= 1;
            return true;
        }
    }

    private long Percentile()
    {
        if (_count < SamplesMin) return -1;
        _times.AsSpan(0, _count).CopyTo(_sorted);
        Array.Sort(_sorted, 0, _count);
        return _sorted[(int)Math.Ceiling(_count * 0.95) - 1];
    }
}
