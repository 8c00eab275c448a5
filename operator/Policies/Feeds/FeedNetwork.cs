using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace WafOperator.Policies.Feeds;

/// <summary>A network of a feed.</summary>
/// <param name="Bits">Its address: the lower 32 bits for IPv4.</param>
/// <param name="Prefix">Length of the prefix in bits.</param>
/// <param name="IsV6">IPv6, without addresses that carry one of IPv4.</param>
internal readonly record struct FeedNetwork(UInt128 Bits, int Prefix, bool IsV6)
{
    /// <summary>The shortest prefix that is taken of somebody else's list.</summary>
    public const int V4PrefixMin = 8;

    /// <summary>As <see cref="V4PrefixMin"/>; no registry gave a wider network to anybody.</summary>
    public const int V6PrefixMin = 19;

    private static readonly SearchValues<char> V6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>What is not routed in public (RFC 6890), but for what documents use.</summary>
    private static readonly FeedNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
            "::/8", "fc00::/7", "fe80::/10", "ff00::/8",
        }.Select(text => Parse(text)!.Value),
    ];

    public bool IsTooWide => Prefix < (IsV6 ? V6PrefixMin : V4PrefixMin);

    public bool IsNotPublic
    {
        get
        {
            foreach (var other in NotPublic)
            {
                if (Overlaps(other)) return true;
            }

            return false;
        }
    }

    /// <summary>
    /// Reads a CIDR or an address; bits behind the prefix are cleared. Null for anything else, also for addresses as C
    /// libraries read them (<c>127.1</c>, <c>0x7f000001</c>, leading zeros), which programs read differently.
    /// </summary>
    public static FeedNetwork? Parse(ReadOnlySpan<char> text)
    {
        var slash = text.IndexOf('/');
        var host = slash < 0 ? text : text[..slash];
        if (!IsPlain(host) || !IPAddress.TryParse(host, out var address)) return null;
        var isMapped = address.IsIPv4MappedToIPv6;
        if (isMapped) address = address.MapToIPv4();
        var isV6 = address.AddressFamily is AddressFamily.InterNetworkV6;
        var width = isV6 ? 128 : 32;
        var prefix = width;
        if (slash >= 0)
        {
            var digits = text[(slash + 1)..];
            if (digits.Length is 0 or > 3
                || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out prefix)) return null;
            if (isMapped) prefix -= 96;
            if (prefix < 0 || prefix > width) return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        var bits = isV6 ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return new(bits & Mask(prefix, width), prefix, isV6);
    }

    /// <summary>As a policy writes it: an address alone where it is one.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);
        var address = new IPAddress(IsV6 ? bytes : bytes[12..]);
        return Prefix == (IsV6 ? 128 : 32) ? address.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"{address}/{Prefix}");
    }

    private bool Overlaps(FeedNetwork other)
    {
        if (IsV6 != other.IsV6) return false;
        var mask = Mask(Math.Min(Prefix, other.Prefix), IsV6 ? 128 : 32);
        return (Bits & mask) == (other.Bits & mask);
    }

    private static UInt128 Mask(int prefix, int width) =>
        prefix == 0 ? 0 : (width == 128 ? UInt128.MaxValue : uint.MaxValue) << width - prefix
            & (width == 128 ? UInt128.MaxValue : uint.MaxValue);

    private static bool IsPlain(ReadOnlySpan<char> host)
    {
        if (host.IsEmpty || host.Length > 45) return false;
        if (host.Contains(':')) return !host.ContainsAnyExcept(V6Characters);
        var octets = 0;
        foreach (var range in host.Split('.'))
        {
            var octet = host[range];
            if (octet.Length is 0 or > 3 || octet is ['0', _, ..] || octet.ContainsAnyExceptInRange('0', '9'))
                return false;
            octets++;
        }

        return octets == 4;
    }
}
