using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Identity;

/// <summary>
/// Who the client of a request is: the peer, or what trusted proxies wrote about it. Hops are read from the right,
/// since only the rightmost entry was written by the peer; everything left of the first entry that is not trusted may
/// be forged. Immutable.
/// </summary>
public sealed class ClientResolver
{
    /// <summary>Entries of the header that are looked at, whatever the policy says.</summary>
    private const int HopsMax = 16;

    private readonly AddressSet _trusted;
    private readonly string _header;
    private readonly int _hops;
    private readonly bool _isForwarded;

    public ClientResolver(ClientIdentity identity)
    {
        _trusted = AddressSet.Parse(identity.TrustedProxies, out var unreadable);
        Unreadable = unreadable;
        _header = identity.Header;
        _hops = Math.Clamp(identity.TrustedHops, 1, HopsMax);
        _isForwarded = string.Equals(_header, "Forwarded", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Networks of the policy that could not be read.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>The peer is a proxy that speaks for others.</summary>
    public bool IsTrusted(Address peer) => !_trusted.IsEmpty && _trusted.Contains(peer);

    /// <summary>The client's address.</summary>
    public Address Resolve(Address peer, IHeaderDictionary headers)
    {
        if (_trusted.IsEmpty || !_trusted.Contains(peer)) return peer;
        return headers.TryGetValue(_header, out var values) ? Walk(peer, values) : peer;
    }

    /// <summary>
    /// Makes the forwarding headers that the application sees trustworthy. A policy that names its proxies has said who
    /// may write them: from anyone else they are dropped, and the forwarder writes the peer in their place. A policy that
    /// names none leaves them as they are, since taking away what the ingress wrote would change the application's view
    /// of its clients; the forwarder appends the peer. Names that only look like these are dropped from everybody.
    /// </summary>
    /// <param name="peer">Who sent them.</param>
    /// <param name="headers">The request's.</param>
    /// <param name="mayLookAlike">Whether a name has an underscore, where that was seen before.</param>
    public void DropForged(Address peer, IHeaderDictionary headers, bool mayLookAlike = true)
    {
        if (mayLookAlike) ForwardingHeaders.DropLookAlikes(headers, _header);
        if (!_trusted.IsEmpty && !_trusted.Contains(peer)) ForwardingHeaders.Drop(headers, _header);
    }

    private Address Walk(Address peer, StringValues values)
    {
        var client = peer;
        var hops = 0;
        for (var line = values.Count - 1; line >= 0; line--)
        {
            var rest = values[line].AsSpan();
            while (true)
            {
                var comma = rest.LastIndexOf(',');
                if (!TryReadEntry(rest[(comma + 1)..], out var entry)) return client;
                client = entry;
                if (++hops >= _hops || !_trusted.Contains(entry)) return client;
                if (comma < 0) break;
                rest = rest[..comma];
            }
        }

        return client;
    }

    private bool TryReadEntry(ReadOnlySpan<char> entry, out Address address)
    {
        if (!_isForwarded) return Address.TryParse(entry, out address);
        foreach (var range in entry.Split(';'))
        {
            var pair = entry[range].Trim(" \t");
            if (pair.StartsWith("for=", StringComparison.OrdinalIgnoreCase))
                return Address.TryParse(pair[4..], out address);
        }

        address = Address.None;
        return false;
    }
}
