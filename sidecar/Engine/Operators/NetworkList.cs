using System.Globalization;

namespace WafOperator.Engine.Operators;

/// <summary>
/// Networks as ranges of 128-bit numbers, sorted and merged: membership is one binary search whatever their number.
/// IPv4 addresses live at their mapped place (::ffff:0:0/96).
/// </summary>
internal sealed class NetworkList
{
    private readonly List<(UInt128 First, UInt128 Last)> _ranges = [];

    /// <summary>Adds an address or a network; false where it cannot be read.</summary>
    public bool TryAdd(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? text : text[..slash];
        if (!AddressReader.TryRead(System.Text.Encoding.Latin1.GetBytes(first), out var number))
        {
            return false;
        }

        var isV4 = !first.Contains(':', StringComparison.Ordinal);
        var width = isV4 ? 32 : 128;
        var bits = width;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture,
            out bits) || bits > width))
        {
            return false;
        }

        var host = width - bits == 128 ? UInt128.MaxValue : (UInt128.One << (width - bits)) - 1;
        _ranges.Add((number & ~host, number | host));
        return true;
    }

    public void Seal()
    {
        _ranges.Sort();
        var merged = new List<(UInt128 First, UInt128 Last)>();
        foreach (var range in _ranges)
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last)
            {
                merged[^1] = (merged[^1].First, UInt128.Max(merged[^1].Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        _ranges.Clear();
        _ranges.AddRange(merged);
    }

    public bool Contains(UInt128 number)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (number < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (number > _ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
