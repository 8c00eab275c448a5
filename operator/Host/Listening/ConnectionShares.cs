using System.Net;

namespace WafOperator.Operator.Host.Listening;

/// <summary>
/// Connections of one port: so many in all, so many of one address, and never more of one namespace than are left for
/// others, so that the
/// pods of one cannot keep those of another out. Alone a namespace can have half of them, two a third each.
/// Thread-safe.
/// </summary>
/// <param name="max">Connections at once.</param>
/// <param name="perPeerMax">Connections of one address: several pods may share one behind a node's.</param>
/// <param name="namespaceOf">The namespace of a pod's address, or null for an address that is no pod's.</param>
internal sealed class ConnectionShares(int max, int perPeerMax, Func<IPAddress, string?> namespaceOf)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _peers = new(StringComparer.Ordinal);
    private int _taken;

    /// <summary>Connections now.</summary>
    public int Taken
    {
        get
        {
            lock (_lock) return _taken;
        }
    }

    /// <summary>Null, and nothing is taken, when there is no room for one more of that address. Dispose what is
    /// given.</summary>
    public IDisposable? TryTake(IPAddress? address)
    {
        var peer = (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "";
        var group = address is null ? "" : namespaceOf(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            ?? peer;
        lock (_lock)
        {
            var (ofPeer, ofGroup) = (_peers.GetValueOrDefault(peer) + 1, _groups.GetValueOrDefault(group) + 1);
            var left = max - _taken - 1;
            if (left < 0 || ofPeer > perPeerMax || ofGroup > Math.Max(left, 1)) return null;
            (_peers[peer], _groups[group]) = (ofPeer, ofGroup);
            _taken++;
        }

        return new Share(this, peer, group);
    }

    private void Return(string peer, string group)
    {
        lock (_lock)
        {
            _taken--;
            Lower(_peers, peer);
            Lower(_groups, group);
        }
    }

    private static void Lower(Dictionary<string, int> counts, string key)
    {
        if (--counts[key] == 0) counts.Remove(key);
    }

    private sealed class Share(ConnectionShares owner, string peer, string group) : IDisposable
    {
        private ConnectionShares? _owner = owner;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Return(peer, group);
    }
}
