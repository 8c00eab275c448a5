using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Access;

/// <summary>What the access lists say about a request.</summary>
public enum AccessOutcome
{
    /// <summary>Nothing: go on.</summary>
    Pass,

    /// <summary>The client is on the bypass list: not inspected.</summary>
    Bypass,

    /// <summary>The client is refused, or not among those that are allowed.</summary>
    ClientDenied,

    /// <summary>The path is refused.</summary>
    PathDenied,
}

/// <summary>Compiled access lists. Denial wins over allowance, both win over bypass. Immutable.</summary>
public sealed class AccessProgram
{
    private readonly AddressSet _allow;
    private readonly AddressSet _deny;
    private readonly AddressSet _bypass;
    private readonly byte[][] _denyPaths;
    private readonly (string Name, AddressSet Networks)[] _feeds;
    private readonly bool _restricts;

    public AccessProgram(AccessLists lists)
    {
        _allow = AddressSet.Parse(lists.AllowClients, out var badAllow);
        _deny = AddressSet.Parse(lists.DenyClients, out var badDeny);
        _bypass = AddressSet.Parse(lists.BypassClients, out var badBypass);
        _denyPaths = [.. lists.DenyPaths.Select(PathPrefix.Folded)];
        // The operator wrote them; what it could not read is left out there, and said.
        _feeds =
        [
            .. (lists.DenyFeeds ?? []).Select(feed => (feed.Name, AddressSet.Parse(feed.Networks.Split(
                ' ', StringSplitOptions.RemoveEmptyEntries), out _))),
        ];
        Unreadable = [.. badAllow, .. badDeny, .. badBypass];
        IsEmpty = lists.AllowClients.Count + lists.DenyClients.Count + lists.BypassClients.Count + _denyPaths.Length
            + _feeds.Length == 0;
        _restricts = lists.AllowClients.Count > 0;
    }

    /// <summary>Networks of the policy that could not be read.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>True when there is nothing to ask.</summary>
    public bool IsEmpty { get; }

    /// <summary>
    /// A path is denied when any program could take it for one of the list: see <see cref="PathReadings"/>.
    /// </summary>
    public AccessOutcome Judge(Address client, CanonicalRequest request) => Judge(client, request, out _);

    /// <summary>The same, with the name of the feed that has the client where that is why it is denied.</summary>
    public AccessOutcome Judge(Address client, CanonicalRequest request, out string? feed)
    {
        feed = null;
        if (IsEmpty) return AccessOutcome.Pass;
        if (_deny.Contains(client)) return AccessOutcome.ClientDenied;
        if (_restricts && !_allow.Contains(client)) return AccessOutcome.ClientDenied;
        // Somebody else's list does not deny whom the policy itself names.
        if (_feeds.Length > 0 && !_restricts && !_bypass.Contains(client)) feed = FeedOf(client);
        if (feed is not null) return AccessOutcome.ClientDenied;
        if (PathPrefix.CoversAnyReading(_denyPaths, request)) return AccessOutcome.PathDenied;
        return _bypass.Contains(client) ? AccessOutcome.Bypass : AccessOutcome.Pass;
    }

    private string? FeedOf(Address client)
    {
        foreach (var (name, networks) in _feeds)
        {
            if (networks.Contains(client)) return name;
        }

        return null;
    }
}
