using System.Globalization;

namespace WafOperator.Proxy.Identity;

/// <summary>
/// Networks as sorted, disjoint ranges: a lookup is a binary search without allocation, however many networks there
/// are, and overlapping networks cost nothing. Immutable. IPv4 and IPv6 are apart: <c>::/0</c> is every IPv6 address
/// only.
/// </summary>
public sealed class AddressSet
{
    public static readonly AddressSet Empty = new([]);

    private readonly Range[] _v4;
    private readonly Range[] _v6;

    private AddressSet(List<Range> ranges)
    {
        _v4 = Merge(ranges.Where(range => !range.IsV6));
        _v6 = Merge(ranges.Where(range => range.IsV6));
    }

    public bool IsEmpty => _v4.Length + _v6.Length == 0;

    /// <summary>Reads CIDRs and single addresses. What cannot be read is left out and named in <paramref name="unreadable"/>.</summary>
    public static AddressSet Parse(IEnumerable<string> networks, out IReadOnlyList<string> unreadable)
    {
        var ranges = new List<Range>();
        var bad = new List<string>();
        foreach (var network in networks)
        {
            if (TryParseNetwork(network, out var range)) ranges.Add(range);
            else bad.Add(network);
        }

        unreadable = bad;
        return ranges.Count == 0 ? Empty : new AddressSet(ranges);
    }

    public bool Contains(Address address)
    {
        var ranges = address.IsV6 ? _v6 : _v4;
        int low = 0, high = ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            ref readonly var range = ref ranges[middle];
            if (address.Bits < range.First) high = middle - 1;
            else if (address.Bits > range.Last) low = middle + 1;
            else return true;
        }

        return false;
    }

    private static bool TryParseNetwork(string text, out Range range)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!Address.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address)) return false;
        var prefix = address.Width;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
            || prefix > address.Width)) return false;
        var first = address.Network(prefix).Bits;
        var rest = prefix == address.Width ? 0 : UInt128.MaxValue >> 128 - (address.Width - prefix);
        range = new Range(first, first | rest, address.IsV6);
        return true;
    }

    private static Range[] Merge(IEnumerable<Range> ranges)
    {
        var merged = new List<Range>();
        foreach (var range in ranges.OrderBy(range => range.First).ThenBy(range => range.Last))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last)
            {
                if (range.Last > merged[^1].Last) merged[^1] = merged[^1] with { Last = range.Last };
            }
            else
            {
                merged.Add(range);
            }
        }

        return [.. merged];
    }

    private readonly record struct Range(UInt128 First, UInt128 Last, bool IsV6);
}
