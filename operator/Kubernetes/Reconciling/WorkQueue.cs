using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;

namespace WafOperator.Kubernetes.Reconciling;

/// <summary>
/// Keys waiting to be worked on. A key waits at most once, however often it is added, and is never given to two workers
/// at once: added while being worked on, it waits again as soon as it is done. Safe for concurrent use.
/// </summary>
public sealed class WorkQueue : IDisposable
{
    private readonly string _name;
    private readonly WorkQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly Jitter _jitter;
    private readonly Lock _lock = new();
    private readonly Queue<(NamespacedName Key, long Added)> _ready = new();
    private readonly HashSet<NamespacedName> _dirty = [];
    private readonly HashSet<NamespacedName> _processing = [];
    private readonly Dictionary<string, int> _active = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<NamespacedName>> _behind = new(StringComparer.Ordinal);
    private readonly Dictionary<NamespacedName, int> _failures = [];
    private readonly PriorityQueue<NamespacedName, long> _delayed = new();
    private readonly Dictionary<NamespacedName, long> _dueAt = [];
    private readonly SemaphoreSlim _available = new(0);
    private readonly ITimer _timer;
    private bool _stopped;

    public WorkQueue(string name, WorkQueueOptions options, TimeProvider time, Jitter jitter)
    {
        _name = name;
        _options = options;
        _time = time;
        _jitter = jitter;
        _timer = time.CreateTimer(_ => MoveDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys that could be worked on now.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _ready.Count;
        }
    }

    /// <summary>The longest wait; whoever asks for more (a date that somebody wrote) is looked at again then.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(365);

    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(1);

    /// <summary>Adds a key, unless it waits already.</summary>
    public void Add(NamespacedName key)
    {
        lock (_lock) AddLocked(key);
    }

    /// <summary>Adds a key after a while. Of several waits for one key the shortest counts.</summary>
    public void AddAfter(NamespacedName key, TimeSpan delay)
    {
        lock (_lock)
        {
            if (_stopped) return;
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key);
                return;
            }

            if (delay > WaitMax) delay = WaitMax;
            var due = _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
            if (_dueAt.TryGetValue(key, out var known) && known <= due) return;
            _dueAt[key] = due;
            _delayed.Enqueue(key, due);
            SetTimer();
        }
    }

    /// <summary>Adds a key after a failure: the wait doubles with each failure since <see cref="Forget"/>.</summary>
    public void AddRateLimited(NamespacedName key)
    {
        int failures;
        lock (_lock) _failures[key] = failures = _failures.GetValueOrDefault(key) + 1;
        RuntimeMetrics.QueueRetried(_name);
        AddAfter(key, _jitter.BackOff(failures, _options.BackOffFirst, _options.BackOffMax));
    }

    /// <summary>Clears the failures of a key: it succeeded, or is given up.</summary>
    public void Forget(NamespacedName key)
    {
        lock (_lock) _failures.Remove(key);
    }

    /// <summary>How often a key failed since it was last forgotten.</summary>
    public int FailuresOf(NamespacedName key)
    {
        lock (_lock) return _failures.GetValueOrDefault(key);
    }

    /// <summary>The next key, to be given back with <see cref="Done"/>; null once the queue is stopped.</summary>
    public async ValueTask<NamespacedName?> TakeAsync(CancellationToken cancellationToken)
    {
        await _available.WaitAsync(cancellationToken);
        lock (_lock)
        {
            if (_stopped)
            {
                _available.Release(); // wakes the next waiter
                return null;
            }

            var (key, added) = _ready.Dequeue();
            _dirty.Remove(key);
            _processing.Add(key);
            RuntimeMetrics.Queued(_name, -1);
            RuntimeMetrics.Dequeued(_name, _time.GetElapsedTime(added));
            return key;
        }
    }

    /// <summary>The worker is through with the key; if it was added meanwhile, it waits again.</summary>
    public void Done(NamespacedName key)
    {
        lock (_lock)
        {
            if (!_processing.Remove(key)) return;
            _active[key.Namespace]--;
            if (_dirty.Contains(key)) Enqueue(key);
            LetBehindGo(key.Namespace);
        }
    }

    /// <summary>Nothing more is taken or given out.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_stopped) return;
            _stopped = true;
            RuntimeMetrics.Queued(_name, -_ready.Count);
            _ready.Clear();
            _delayed.Clear();
            _dueAt.Clear();
            _available.Release();
        }
    }

    public void Dispose()
    {
        Stop();
        _timer.Dispose();
        _available.Dispose();
    }

    private void AddLocked(NamespacedName key)
    {
        if (_stopped || !_dirty.Add(key)) return;
        if (!_processing.Contains(key)) Enqueue(key);
    }

    /// <summary>The next of a namespace whose share has room.</summary>
    private void LetBehindGo(string ns)
    {
        while (_active[ns] < _options.PerNamespaceMax && _behind.TryGetValue(ns, out var waiting))
        {
            var key = waiting.Dequeue();
            if (waiting.Count == 0) _behind.Remove(ns);
            MakeReady(key);
        }

        if (_active[ns] == 0) _active.Remove(ns);
    }

    private void Enqueue(NamespacedName key)
    {
        if (_active.GetValueOrDefault(key.Namespace) < _options.PerNamespaceMax && !_behind.ContainsKey(key.Namespace))
        {
            MakeReady(key);
            return;
        }

        if (!_behind.TryGetValue(key.Namespace, out var waiting)) _behind[key.Namespace] = waiting = new();
        waiting.Enqueue(key);
    }

    private void MakeReady(NamespacedName key)
    {
        if (_stopped) return;
        _active[key.Namespace] = _active.GetValueOrDefault(key.Namespace) + 1;
        _ready.Enqueue((key, _time.GetTimestamp()));
        RuntimeMetrics.Queued(_name, 1);
        _available.Release();
    }

    private void MoveDue()
    {
        lock (_lock)
        {
            if (_stopped) return;
            var now = _time.GetTimestamp();
            while (_delayed.TryPeek(out var key, out var due) && due <= now)
            {
                _delayed.Dequeue();
                // A shorter wait replaced this one if the times differ.
                if (!_dueAt.TryGetValue(key, out var wanted) || wanted != due) continue;
                _dueAt.Remove(key);
                AddLocked(key);
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (!_delayed.TryPeek(out _, out var due)) return;
        var ticks = Math.Max(0, due - _time.GetTimestamp());
        // Rounded up: a timer that fires a moment early would fire again and again until the time has come.
        var wait = TimeSpan.FromMilliseconds(Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency));
        // A timer takes 49 days at most; one that fires early finds nothing due and is set again.
        _timer.Change(wait < TimerMax ? wait : TimerMax, Timeout.InfiniteTimeSpan);
    }
}
