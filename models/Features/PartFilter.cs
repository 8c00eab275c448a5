using System.Buffers;

namespace WafOperator.Features;

/// <summary>Which parts of a request are scored at all; models/training/wafml/parts.py trains on the same choice.</summary>
public static class PartFilter
{
    private const int PlainNameBytesMax = 64;

    private static readonly SearchValues<byte> OddInHeaders = SearchValues.Create(OddBytes());

    private static readonly SearchValues<byte> PlainInNames =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]:"u8);

    /// <summary>
    /// Headers name clients, types and URLs; only one with a byte that those do not need is scored. The value is given after one
    /// percent decoding. Host, Cookie (its pairs are parts of their own), hop-by-hop headers and validators are never scored.
    /// </summary>
    public static bool IsHeaderValueScored(ReadOnlySpan<byte> decodedValue) =>
        decodedValue.ContainsAny(OddInHeaders) || decodedValue.IndexOf(".."u8) >= 0;

    /// <summary>
    /// A parameter name that needs no look. When one name of a query or form is not plain, a payload may have been cut at an
    /// ampersand: then the whole text, URL-decoded once, is scored as one more part. Odd JSON keys are parts themselves.
    /// </summary>
    public static bool IsPlainName(ReadOnlySpan<byte> name) =>
        name.Length <= PlainNameBytesMax && !name.ContainsAnyExcept(PlainInNames);

    private static byte[] OddBytes()
    {
        var bytes = new List<byte>();
        for (var b = 0; b < 0x20; b++)
        {
            if (b != '\t')
            {
                bytes.Add((byte)b);
            }
        }

        bytes.AddRange("<>{}$'\"`|\\"u8);
        return [.. bytes];
    }
}
