namespace WafOperator.Proxy.Models.Pool;

/// <summary>State of a circuit.</summary>
internal enum CircuitState
{
    /// <summary>Calls go through.</summary>
    Closed,

    /// <summary>No call goes through: the pool failed too often a moment ago.</summary>
    Open,

    /// <summary>One call at a time goes through, to see whether the pool is back.</summary>
    HalfOpen,
}

/// <summary>
/// Keeps calls from a pool that does not answer: after failures in a row, or when most of the last calls failed,
/// nothing is sent for a pause that doubles up to <see cref="PauseMax"/>; then one call tries. Thread-safe.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider time)
{
    /// <summary>Failures in a row that open the circuit.</summary>
    public const int FailuresInARowMax = 5;

    /// <summary>Calls that are looked back at.</summary>
    public const int Window = 32;

    /// <summary>Failures among them that open the circuit.</summary>
    public const int FailuresInWindowMax = 16;

    public static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly bool[] _failed = new bool[Window];
    private int _at;
    private int _failures;
    private int _inARow;
    private TimeSpan _pause = PauseMin;
    private long _openedAt;
    private bool _isOpen;
    private bool _isTrying;

    public CircuitState State
    {
        get
        {
            lock (_lock) return !_isOpen ? CircuitState.Closed : HasPaused ? CircuitState.HalfOpen : CircuitState.Open;
        }
    }

    private bool HasPaused => time.GetElapsedTime(_openedAt) >= _pause;

    /// <summary>True when a call may be made; its end must then be told.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (!_isOpen) return true;
            if (!HasPaused || _isTrying) return false;
            return _isTrying = true;
        }
    }

    /// <summary>A call was answered.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            _inARow = 0;
            Remember(false);
            if (!_isOpen) return;
            (_isOpen, _isTrying, _pause, _failures) = (false, false, PauseMin, 0);
            Array.Clear(_failed);
        }
    }

    /// <summary>A call was not answered.</summary>
    public void Failed()
    {
        lock (_lock)
        {
            _inARow++;
            Remember(true);
            if (_isOpen)
            {
                // Calls that were under way when it opened say nothing new.
                if (!_isTrying) return;
                _isTrying = false;
                _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, PauseMax.Ticks));
                _openedAt = time.GetTimestamp();
            }
            else if (_inARow >= FailuresInARowMax || _failures >= FailuresInWindowMax)
            {
                (_isOpen, _isTrying, _openedAt) = (true, false, time.GetTimestamp());
            }
        }
    }

    /// <summary>A call ended without saying anything about the pool.</summary>
    public void Abandoned()
    {
        lock (_lock) _isTrying = false;
    }

    private void Remember(bool failed)
    {
        if (_failed[_at]) _failures--;
        _failed[_at] = failed;
        if (failed) _failures++;
        _at = (_at + 1) % Window;
    }
}
