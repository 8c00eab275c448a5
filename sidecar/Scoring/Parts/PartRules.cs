using System.Buffers;
using WafOperator.Features;
using WafOperator.Http;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// Which parts of a request are worth a model (the rules of models/training/wafml/parts.py): every value; headers only with a byte that
/// names, types and URLs do not need; names only when they are not plain.
/// </summary>
internal static class PartRules
{
    private const int PlainNameBytesMax = 64;

    private static readonly SearchValues<byte> PlainName =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]:"u8);

    private static readonly SearchValues<byte> OddInHeader = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(b => b != '\t').Select(b => (byte)b), .. "<>{}$'\"`|\\"u8]);

    /// <summary>False for a header value that only holds what headers usually hold.</summary>
    public static bool IsOddHeader(ReadOnlySpan<byte> value)
    {
        if (value.ContainsAny(OddInHeader) || value.IndexOf(".."u8) >= 0) return true;
        // Percent escapes hide the same bytes; few headers carry any, so this is rarely walked.
        for (var at = value.IndexOf((byte)'%'); at >= 0 && at + 2 < value.Length;)
        {
            if (Decoded(value[at + 1], value[at + 2]) is var b and >= 0 && (OddInHeader.Contains((byte)b) || b == '.')) return true;
            var next = value[(at + 1)..].IndexOf((byte)'%');
            if (next < 0) break;
            at += 1 + next;
        }

        return false;
    }

    /// <summary>True for a name that is worth scoring itself.</summary>
    public static bool IsOddName(ReadOnlySpan<byte> name) =>
        name.Length > PlainNameBytesMax || name.ContainsAnyExcept(PlainName);

    /// <summary>Kinds whose names clients choose.</summary>
    public static bool HasClientName(PartKind kind) =>
        kind is PartKind.QueryArgument or PartKind.BodyArgument or PartKind.Cookie or PartKind.FileName;

    /// <summary>
    /// Normalises a part's value. Cookies and headers come undecoded, so one percent decoding is theirs and not odd; training did the
    /// same.
    /// </summary>
    public static int Normalize(PartKind kind, ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags) =>
        kind is PartKind.Cookie or PartKind.Header
            ? ValueNormalizer.NormalizeEscaped(value, destination, out flags)
            : ValueNormalizer.Normalize(value, destination, out flags);

    private static int Decoded(byte high, byte low)
    {
        var (h, l) = (Digit(high), Digit(low));
        return h < 0 || l < 0 ? -1 : (h << 4) | l;
    }

    private static int Digit(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
