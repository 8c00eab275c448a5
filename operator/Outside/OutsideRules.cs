using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace WafOperator.Outside;

/// <summary>
/// Which hosts and addresses the operator calls outside of the cluster's API (pure, immutable). A host must be listed;
/// its addresses must be public, unless the host is listed by its own name or the address is in a listed network.
/// Loopback, link-local (metadata) and multicast need a network of their own: neither a wildcard nor a wide network
/// opens them.
/// </summary>
public sealed class OutsideRules
{
    private static readonly int[] UsualPorts = [80, 443];

    private readonly IReadOnlyList<HostEntry> _hosts;
    private readonly IReadOnlyList<IPNetwork> _networks;

    private OutsideRules(IReadOnlyList<HostEntry> hosts, IReadOnlyList<IPNetwork> networks) =>
        (_hosts, _networks) = (hosts, networks);

    /// <summary>Every host with public addresses, at ports 80 and 443.</summary>
    public static OutsideRules Default { get; } = Parse(["*"], []);

    /// <summary>Reads what an administrator wrote.</summary>
    /// <param name="hosts">Names, with or without a port, <c>*.domain</c>, <c>*</c>.</param>
    /// <param name="networks">Networks such as 10.0.0.0/8 whose addresses may be called.</param>
    /// <exception cref="FormatException">An entry cannot be read; the message names it.</exception>
    public static OutsideRules Parse(IEnumerable<string> hosts, IEnumerable<string> networks) => new(
        [.. hosts.Where(IsGiven).Select(HostEntry.Parse)],
        [
            .. networks.Where(IsGiven).Select(text => IPNetwork.TryParse(text.Trim(), out var network) ? network
                : throw new FormatException($"\"{text}\" is not a network such as 10.0.0.0/8")),
        ]);

    /// <summary>What is wrong with a URI before anything is resolved, or null.</summary>
    public OutsideProblem? ProblemOf(Uri uri, bool sendsCredentials)
    {
        if (uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0) return OutsideProblem.NotAllowed;
        if (sendsCredentials && uri.Scheme != "https" && !IsLoopbackListed(uri)) return OutsideProblem.Insecure;
        var host = NameOf(uri);
        return _hosts.Any(entry => entry.Matches(host, uri.Port)) ? null : OutsideProblem.NotAllowed;
    }

    /// <summary>True when an address that a host resolved to may be connected to.</summary>
    public bool Allows(string host, int port, IPAddress address)
    {
        var name = NameOf(host);
        var matching = _hosts.Where(entry => entry.Matches(name, port)).ToList();
        if (matching.Count == 0) return false;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var isNamed = matching.Any(entry => entry.IsExact);
        return AddressKinds.Of(plain) switch
        {
            AddressKind.Public => true,
            AddressKind.Private => isNamed || _networks.Any(network => network.Contains(plain)),
            // A literal that is listed is the address itself; a name could be pointed here by whoever owns it.
            _ => (isNamed && IPAddress.TryParse(name, out _)) || IsListedItself(plain),
        };
    }

    /// <summary>A host as it is compared: lower case, no final dot, no brackets.</summary>
    public static string NameOf(string host) => host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();

    public static string NameOf(Uri uri) => NameOf(uri.IdnHost);

    private bool IsListedItself(IPAddress address) => _networks.Any(network =>
        network.Contains(address) && network.PrefixLength >= 8
        && AddressKinds.Of(network.BaseAddress) == AddressKind.Forbidden);

    private bool IsLoopbackListed(Uri uri) =>
        IPAddress.TryParse(NameOf(uri), out var address) && IPAddress.IsLoopback(address) && IsListedItself(address);

    private static bool IsGiven(string text) => !string.IsNullOrWhiteSpace(text);

    private sealed record HostEntry(string Name, int? Port)
    {
        public bool IsExact => !Name.StartsWith('*');

        public bool Matches(string host, int port) =>
            (Port is { } only ? only == port : UsualPorts.Contains(port)) && (Name == "*" || (IsExact ? host == Name
                : host.EndsWith(Name[1..], StringComparison.Ordinal) && host.Length > Name.Length - 1));

        public static HostEntry Parse(string text)
        {
            var entry = text.Trim();
            if (IPAddress.TryParse(entry, out var address)) return new HostEntry(address.ToString(), null);
            var colon = entry.LastIndexOf(':');
            int? port = null;
            if (colon >= 0)
            {
                if (!int.TryParse(entry[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    || number is 0 or > ushort.MaxValue) throw Malformed(text);
                port = number;
                entry = entry[..colon];
            }

            var name = NameOf(entry);
            var plain = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name == "*" ? "any" : name;
            if (Uri.CheckHostName(plain) is UriHostNameType.Unknown or UriHostNameType.Basic) throw Malformed(text);
            return new HostEntry(name, port);
        }

        private static FormatException Malformed(string text) =>
            new($"\"{text}\" is not a host such as models.example, models.example:8443, *.example or *");
    }
}

/// <summary>What an address may be.</summary>
public enum AddressKind
{
    /// <summary>Reached over the Internet.</summary>
    Public,

    /// <summary>Of this network: pods, Services, nodes, other machines.</summary>
    Private,

    /// <summary>The machine itself, link-local (metadata of clouds), multicast, reserved.</summary>
    Forbidden,
}

/// <summary>Special addresses (RFC 6890 and the registries of IANA), and what clouds use for metadata.</summary>
public static class AddressKinds
{
    private static readonly IPNetwork[] Forbidden =
    [
        .. new[]
        {
            "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "224.0.0.0/4",
            "240.0.0.0/4", "::/96", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::/32",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    private static readonly IPNetwork[] Private =
    [
        .. new[]
        {
            "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            // Teredo, 6to4 and documentation: they lead to addresses that are not seen here.
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    public static AddressKind Of(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : WithoutScope(address);
        if (Forbidden.Any(network => network.Contains(plain))) return AddressKind.Forbidden;
        if (Private.Any(network => network.Contains(plain))) return AddressKind.Private;
        return plain.AddressFamily is AddressFamily.InterNetwork || GlobalUnicast.Contains(plain)
            ? AddressKind.Public
            : AddressKind.Private;
    }

    private static IPAddress WithoutScope(IPAddress address) =>
        address.AddressFamily is AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address;
}
