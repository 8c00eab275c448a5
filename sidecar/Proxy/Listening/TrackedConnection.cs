using Microsoft.AspNetCore.Connections;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Listening;

/// <summary>
/// A connection as the table of connections sees it: whose it is, and whether it waits for its client. Thread-safe.
/// </summary>
internal sealed class TrackedConnection(ConnectionContext connection, Address peer, TimeProvider time)
{
    private long _since = time.GetTimestamp();
    private int _requests;
    private int _reading;
    private int _isShed;
    private volatile bool _hasServed;

    /// <summary>The other end.</summary>
    public Address Peer { get; } = peer;

    /// <summary>Row of the other end in tables of clients.</summary>
    public int Client { get; } = ClientCounts.RowOf(peer);

    /// <summary>When it last began to wait for its client.</summary>
    public long Since => Interlocked.Read(ref _since);

    /// <summary>Nothing is under way but what its client has not sent yet.</summary>
    public bool IsIdle => Volatile.Read(ref _requests) <= Volatile.Read(ref _reading);

    /// <summary>A request of it waits for the rest of its body.</summary>
    public bool IsReading => Volatile.Read(ref _reading) > 0;

    /// <summary>A whole request came over it before.</summary>
    public bool HasServed => _hasServed;

    public void RequestBegan() => Interlocked.Increment(ref _requests);

    public void RequestEnded()
    {
        Interlocked.Exchange(ref _since, time.GetTimestamp());
        _hasServed = true;
        Interlocked.Decrement(ref _requests);
    }

    /// <summary>A request waits for the rest of its body.</summary>
    public void ReadingBegan()
    {
        if (Interlocked.Increment(ref _reading) == 1) Interlocked.Exchange(ref _since, time.GetTimestamp());
    }

    public void ReadingEnded() => Interlocked.Decrement(ref _reading);

    /// <summary>It was closed to make room, and is on its way out.</summary>
    public bool IsShed => Volatile.Read(ref _isShed) != 0;

    /// <summary>Closes it to make room for others; false when somebody did that already.</summary>
    public bool TryShed()
    {
        if (Interlocked.Exchange(ref _isShed, 1) != 0) return false;
        connection.Abort(new ConnectionAbortedException("closed to make room for other clients"));
        return true;
    }
}
