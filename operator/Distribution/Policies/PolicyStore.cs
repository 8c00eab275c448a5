using System.Collections.Concurrent;

namespace WafOperator.Distribution.Policies;

/// <summary>
/// The policy documents in force, with a wake-up for everyone who waits for another revision. Thread-safe; lives as long as the process.
/// Until <see cref="MarkSynced"/> a missing policy means "not known yet", not "does not exist".
/// </summary>
public sealed class PolicyStore(TimeProvider time)
{
    private readonly ConcurrentDictionary<PolicyKey, Entry> _entries = new();
    private volatile bool _synced;

    /// <summary>True after every policy that existed at the start was published.</summary>
    public bool IsSynced => _synced;

    /// <summary>Number of published policies.</summary>
    public int Count => _entries.Count(e => e.Value.Current is not null);

    /// <summary>From now on an unknown policy does not exist.</summary>
    public void MarkSynced() => _synced = true;

    /// <summary>Puts a document in force; waiting sidecars receive it at once. False when it is in force already.</summary>
    public bool Publish(PolicyKey key, PublishedPolicy policy)
    {
        var entry = _entries.GetOrAdd(key, static _ => new Entry());
        return entry.Replace(policy);
    }

    /// <summary>Takes a policy back (it was deleted).</summary>
    public void Remove(PolicyKey key)
    {
        if (_entries.TryGetValue(key, out var entry)) entry.Replace(null);
    }

    /// <summary>The document in force, or null.</summary>
    public PublishedPolicy? Find(PolicyKey key) => _entries.TryGetValue(key, out var entry) ? entry.Current : null;

    /// <summary>Waits until the policy differs from <paramref name="have"/> or the time is over.</summary>
    /// <returns>The document in force, or null when there is none.</returns>
    public async Task<PublishedPolicy?> WaitAsync(
        PolicyKey key, string? have, TimeSpan wait, CancellationToken cancellationToken)
    {
        // A caller may ask for names without end; only published policies leave an entry behind.
        if (!_entries.TryGetValue(key, out var entry))
        {
            if (have is null && _synced) return null;
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(1, wait.TotalSeconds)), time, cancellationToken);
            return Find(key);
        }

        var deadline = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            var (current, changed) = entry.Watch();
            var left = time.GetElapsedTime(time.GetTimestamp(), deadline);
            if (current?.Revision != have || left <= TimeSpan.Zero) return current;
            try
            {
                await changed.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return entry.Current;
            }
        }
    }

    private sealed class Entry
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PublishedPolicy? Current { get; private set; }

        public (PublishedPolicy? Current, Task Changed) Watch()
        {
            lock (_lock) return (Current, _changed.Task);
        }

        public bool Replace(PublishedPolicy? next)
        {
            TaskCompletionSource changed;
            lock (_lock)
            {
                if (Current?.Revision == next?.Revision) return false;
                Current = next;
                changed = _changed;
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
            return true;
        }
    }
}
