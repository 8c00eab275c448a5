using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// Which bytes are odd in which header (the rules of models/training/wafml/parts.py): names of clients, types and URLs
/// need some that addresses and tokens do not.
/// </summary>
internal static class HeaderKinds
{
    private const string Everywhere = "<>{}$'\"`|\\";

    private static readonly SearchValues<byte> InFree = Create(Everywhere);
    private static readonly SearchValues<byte> InAgent = Create(Everywhere + "=#*^&!");

    /// <summary>
    /// Headers of applications' own, which rules read few of: paths, separators and whatever else is no plain word.
    /// </summary>
    private static readonly SearchValues<byte> InOther = AllBut(".:,_-=+ ");

    private static readonly SearchValues<byte> InAddress = AllBut(".:,_-[]/ ");

    private static readonly FrozenDictionary<string, SearchValues<byte>> ByName = Names();

    private static readonly FrozenDictionary<string, SearchValues<byte>>.AlternateLookup<ReadOnlySpan<char>> ByText =
        ByName.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The odd bytes of a header's value.</summary>
    public static SearchValues<byte> OddBytesOf(ReadOnlySpan<byte> lowerName)
    {
        const int nameMax = 32;
        if (lowerName.StartsWith("accept-"u8) || lowerName.StartsWith("content-"u8) || lowerName.StartsWith("sec-"u8)
            || lowerName.StartsWith("if-"u8) || lowerName.StartsWith("access-control-"u8))
        {
            return InFree;
        }

        if (lowerName.Length > nameMax) return InOther;
        Span<char> name = stackalloc char[nameMax];
        var length = Encoding.Latin1.GetChars(lowerName, name);
        return ByText.TryGetValue(name[..length], out var odd) ? odd : InOther;
    }

    private static FrozenDictionary<string, SearchValues<byte>> Names()
    {
        string[] free =
        [
            "referer", "accept", "cache-control", "origin", "via", "pragma", "range", "from", "expect", "trailer",
            "priority", "link", "prefer", "x-requested-with", "traceparent", "tracestate", "baggage",
        ];
        // Proxies write addresses, host names and paths here, and applications trust them.
        string[] addresses =
        [
            "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server",
            "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip", "x-originating-ip",
            "x-remote-ip", "x-remote-addr", "x-cluster-client-ip", "x-host", "x-original-url", "x-rewrite-url",
            "x-http-host-override", "x-http-method-override", "x-wap-profile",
        ];
        return free.Select(name => KeyValuePair.Create(name, InFree))
            .Concat(addresses.Select(name => KeyValuePair.Create(name, InAddress)))
            .Append(KeyValuePair.Create("user-agent", InAgent))
            .ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static SearchValues<byte> AllBut(string bytes) => SearchValues.Create(
        [.. Enumerable.Range(0, 256).Select(b => (byte)b).Except(Encoding.ASCII.GetBytes(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + bytes))]);

    private static SearchValues<byte> Create(string bytes) => SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(b => b != '\t').Select(b => (byte)b), .. Encoding.ASCII.GetBytes(bytes)]);
}
