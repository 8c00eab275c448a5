using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Listening;

/// <summary>Bounds of a table of connections.</summary>
/// <param name="ConnectionsMax">Connections at once.</param>
/// <param name="ConnectionsPerClientMax">Of one client address.</param>
/// <param name="FirstRequestWithin">Time in which a connection must bring its first request.</param>
internal sealed record ConnectionBounds(int ConnectionsMax, int ConnectionsPerClientMax, TimeSpan FirstRequestWithin);

/// <summary>
/// All connections of a server, bounded together and by client. When it is full, connections that wait for their client
/// make room: first those that never brought a request or trickle one in, then those kept alive between requests; of
/// these the clients with most connections first, and the longest waiting first. What is being answered is never closed:
/// when everything is, the new connection is refused. Thread-safe.
/// </summary>
internal sealed class ConnectionTable : IDisposable
{
    /// <summary>A body that waits less than this is on its way, not held back.</summary>
    private static readonly TimeSpan SlowAfter = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<TrackedConnection, byte> _connections = new();
    private readonly ClientCounts _clients = new();
    private readonly Lock _shedding = new();
    private readonly Queue<TrackedConnection> _idle = new();
    private readonly Queue<TrackedConnection> _slow = new();
    private readonly Queue<TrackedConnection> _own = new();
    private readonly ConnectionBounds _bounds;
    private readonly TimeProvider _time;
    private readonly SidecarMeters _meters;
    private readonly Func<Address, bool> _isProxy;
    private readonly ITimer _sweeps;
    private int _count;
    private int _ownRow = -1;

    /// <param name="bounds">Its bounds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="meters">Counts what is shed and refused.</param>
    /// <param name="isProxy">
    /// Whether a peer is a proxy that the policy trusts: it stands for many clients, and one client's share is not its.
    /// </param>
    public ConnectionTable(
        ConnectionBounds bounds, TimeProvider time, SidecarMeters meters, Func<Address, bool>? isProxy = null)
    {
        (_bounds, _time, _meters) = (bounds, time, meters);
        _isProxy = isProxy ?? (static _ => false);
        _sweeps = time.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery);
    }

    /// <summary>Connections now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Connection middleware that lets in what there is room for.</summary>
    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        var peer = Address.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
        var tracked = new TrackedConnection(connection, peer, _time);
        _connections.TryAdd(tracked, 0);
        var total = Interlocked.Increment(ref _count);
        var own = _clients.Add(tracked.Client, 1);
        try
        {
            if (!HasRoom(tracked, total, own))
            {
                _meters.Incident("connection_refused");
                connection.Abort(new ConnectionAbortedException("there is no room for another connection"));
                return;
            }

            connection.Features.Set(tracked);
            await next(connection);
        }
        finally
        {
            _connections.TryRemove(tracked, out _);
            _clients.Add(tracked.Client, -1);
            Interlocked.Decrement(ref _count);
        }
    };

    /// <summary>Closes the connection whose request body has been waited for longest; false when none is slow.</summary>
    public bool ShedSlowBody() => Shed(_slow, IsSlow);

    public void Dispose() => _sweeps.Dispose();

    private bool HasRoom(TrackedConnection newcomer, int total, long own)
    {
        if (own > _bounds.ConnectionsPerClientMax && !_isProxy(newcomer.Peer))
        {
            lock (_shedding)
            {
                // What was found for another client is of no use for this one.
                if (_ownRow != newcomer.Client) _own.Clear();
                _ownRow = newcomer.Client;
                return Shed(_own, c => c != newcomer && c.Client == newcomer.Client && c.IsIdle);
            }
        }

        return total <= _bounds.ConnectionsMax || Shed(_idle, c => c != newcomer && c.IsIdle);
    }

    private bool IsSlow(TrackedConnection connection) =>
        connection is { IsReading: true, IsIdle: true } && _time.GetElapsedTime(connection.Since) > SlowAfter;

    /// <summary>The next of a queue of candidates that still is one; the queue is filled again when it is empty.</summary>
    private bool Shed(Queue<TrackedConnection> queue, Func<TrackedConnection, bool> isCandidate)
    {
        lock (_shedding)
        {
            if (TryNext(queue, isCandidate)) return true;
            // One look at all of them finds enough for many newcomers.
            foreach (var candidate in _connections.Keys.Where(c => !c.IsShed && isCandidate(c))
                .OrderBy(c => c is { HasServed: true, IsReading: false })
                .ThenByDescending(c => _clients[c.Client]).ThenBy(c => c.Since)
                .Take((_bounds.ConnectionsMax / 16) + 1))
            {
                queue.Enqueue(candidate);
            }

            return TryNext(queue, isCandidate);
        }
    }

    private bool TryNext(Queue<TrackedConnection> queue, Func<TrackedConnection, bool> isCandidate)
    {
        while (queue.TryDequeue(out var candidate))
        {
            if (_connections.ContainsKey(candidate) && isCandidate(candidate) && Close(candidate)) return true;
        }

        return false;
    }

    private bool Close(TrackedConnection connection)
    {
        if (!connection.TryShed()) return false;
        _meters.Incident("connection_shed");
        return true;
    }

    /// <summary>Connections that say nothing, or not enough for a request, end in time: HTTP/2's as well.</summary>
    private void Sweep()
    {
        foreach (var connection in _connections.Keys)
        {
            if (!connection.HasServed && connection is { IsIdle: true, IsReading: false }
                && _time.GetElapsedTime(connection.Since) > _bounds.FirstRequestWithin) Close(connection);
        }
    }
}
