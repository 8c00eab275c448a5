namespace WafOperator.Behaviour.Holds;

/// <summary>A client that is held.</summary>
/// <param name="Client">The client, for people.</param>
/// <param name="Reason">Why.</param>
/// <param name="Since">When it began, milliseconds of the caller's clock.</param>
/// <param name="Until">When it ends.</param>
public readonly record struct Hold(string Client, string Reason, long Since, long Until);

/// <summary>
/// Clients that are held for a time, in bounded memory: when there are too many, the one whose time ends first goes.
/// Nobody is held longer for asking again. Thread-safe.
/// </summary>
public sealed class HoldTable(int clientsMax)
{
    private readonly Dictionary<UInt128, Hold> _holds = [];
    private readonly Lock _lock = new();
    private volatile int _count;
    private long _begun;
    private long _displaced;

    /// <summary>Clients that are held at once.</summary>
    public int Most => clientsMax;

    /// <summary>Clients that are held, those included whose time ended since anybody asked.</summary>
    public int Count => _count;

    /// <summary>Holds since start.</summary>
    public long Begun => Interlocked.Read(ref _begun);

    /// <summary>Clients that were let go early, because there were too many.</summary>
    public long Displaced => Interlocked.Read(ref _displaced);

    /// <summary>Milliseconds that a client is still held; 0 for one that is not.</summary>
    public long RemainingOf(UInt128 key, long now)
    {
        if (_count == 0) return 0;
        lock (_lock)
        {
            if (!_holds.TryGetValue(key, out var hold)) return 0;
            if (hold.Until > now) return hold.Until - now;
            _holds.Remove(key);
            _count = _holds.Count;
            return 0;
        }
    }

    /// <summary>Holds a client. False when it is held already.</summary>
    public bool Begin(UInt128 key, in Hold hold)
    {
        lock (_lock)
        {
            if (_holds.TryGetValue(key, out var past) && past.Until > hold.Since) return false;
            if (_holds.Count >= clientsMax && !_holds.ContainsKey(key)) MakeRoom(hold.Since);
            _holds[key] = hold;
            _count = _holds.Count;
        }

        Interlocked.Increment(ref _begun);
        return true;
    }

    /// <summary>Lets a client go.</summary>
    public bool Release(UInt128 key)
    {
        lock (_lock)
        {
            var wasHeld = _holds.Remove(key);
            _count = _holds.Count;
            return wasHeld;
        }
    }

    /// <summary>Those that are held, newest first.</summary>
    public IReadOnlyList<Hold> Read(long now, int most)
    {
        lock (_lock)
            return [.. _holds.Values.Where(hold => hold.Until > now).OrderByDescending(hold => hold.Since).Take(most)];
    }

    /// <summary>All that are held now, with their keys.</summary>
    public IReadOnlyList<(UInt128 Key, Hold Hold)> Entries(long now)
    {
        if (_count == 0) return [];
        lock (_lock) return [.. _holds.Where(held => held.Value.Until > now).Select(held => (held.Key, held.Value))];
    }

    private void MakeRoom(long now)
    {
        UInt128 first = 0;
        var earliest = long.MaxValue;
        foreach (var (key, hold) in _holds)
        {
            if (hold.Until >= earliest) continue;
            (first, earliest) = (key, hold.Until);
        }

        _holds.Remove(first);
        if (earliest > now) Interlocked.Increment(ref _displaced);
    }
}
