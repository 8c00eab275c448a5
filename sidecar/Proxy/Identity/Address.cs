using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace WafOperator.Proxy.Identity;

/// <summary>
/// An IP address as a number. IPv4 keeps its own family; an IPv4 address mapped into IPv6 is the IPv4 address.
/// </summary>
/// <param name="Bits">The address, in the low 32 bits for IPv4.</param>
/// <param name="IsV6">True for IPv6.</param>
public readonly record struct Address(UInt128 Bits, bool IsV6)
{
    /// <summary>What a connection without an address has: 0.0.0.0.</summary>
    public static readonly Address None;

    private static readonly SearchValues<char> V6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Bits of an address of this family: 32 or 128.</summary>
    public int Width => IsV6 ? 128 : 32;

    public static Address Of(IPAddress? address)
    {
        if (address is null) return None;
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length)) return None;
        if (length == 4) return new Address(BinaryPrimitives.ReadUInt32BigEndian(bytes), false);
        return address.IsIPv4MappedToIPv6
            ? new Address(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), false)
            : new Address(BinaryPrimitives.ReadUInt128BigEndian(bytes), true);
    }

    /// <summary>
    /// Reads what a forwarding header carries: an address, alone, with a port, in brackets, quoted. Strict: four
    /// decimal octets without leading zeros for IPv4, no zone for IPv6, since other programs read the lax forms
    /// differently.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        address = None;
        text = text.Trim(" \t");
        if (text.Length > 1 && text[0] == '"' && text[^1] == '"') text = text[1..^1];
        if (text.Length is 0 or > 64) return false;
        if (text[0] == '[')
        {
            var close = text.IndexOf(']');
            return close > 0 && IsPortOrNothing(text[(close + 1)..]) && TryParseV6(text[1..close], out address);
        }

        var colon = text.IndexOf(':');
        if (colon < 0) return TryParseV4(text, out address);
        return text[(colon + 1)..].Contains(':')
            ? TryParseV6(text, out address)
            : IsPortOrNothing(text[colon..]) && TryParseV4(text[..colon], out address);
    }

    /// <summary>The first bits of the address, the rest zero.</summary>
    public Address Network(int prefixLength)
    {
        var dropped = Width - prefixLength;
        return dropped >= 128 ? new Address(0, IsV6) : new Address(Bits >> dropped << dropped, IsV6);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        if (IsV6) BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);
        else BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Bits);
        return new IPAddress(IsV6 ? bytes : bytes[..4]).ToString();
    }

    private static bool TryParseV4(ReadOnlySpan<char> text, out Address address)
    {
        address = None;
        uint bits = 0;
        var octets = 0;
        foreach (var range in text.Split('.'))
        {
            var octet = text[range];
            if (++octets > 4 || octet.Length is 0 or > 3 || octet.Length > 1 && octet[0] == '0') return false;
            uint value = 0;
            foreach (var digit in octet)
            {
                if (!char.IsAsciiDigit(digit)) return false;
                value = value * 10 + (uint)(digit - '0');
            }

            if (value > 255) return false;
            bits = bits << 8 | value;
        }

        address = new Address(bits, false);
        return octets == 4;
    }

    private static bool TryParseV6(ReadOnlySpan<char> text, out Address address)
    {
        address = None;
        if (text.ContainsAnyExcept(V6Characters)) return false;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6) return false;
        address = Of(parsed);
        return true;
    }

    private static bool IsPortOrNothing(ReadOnlySpan<char> text) =>
        text.IsEmpty || text[0] == ':' && text.Length is > 1 and < 7 && !text[1..].ContainsAnyExceptInRange('0', '9');
}
