using System.Buffers;
using WafOperator.Features;
using WafOperator.Http;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// Which parts of a request are worth a model (the rules of models/training/wafml/parts.py): every value; headers only with
/// a byte that their kind does not need; names only when they are not plain.
/// </summary>
internal static class PartRules
{
    private const int PlainNameBytesMax = 64;
    private const int NameDotsMin = 2;

    private static readonly SearchValues<byte> PlainName =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]:"u8);

    private const int SeparatorBytesMax = 3;

    private static readonly SearchValues<byte> Punctuation =
        SearchValues.Create("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\r\n"u8);

    /// <summary>False for a header value that only holds what headers of its kind usually hold.</summary>
    /// <param name="lowerName">The header's name in lower case.</param>
    /// <param name="value">Its value as sent.</param>
    public static bool IsOddHeader(ReadOnlySpan<byte> lowerName, ReadOnlySpan<byte> value)
    {
        var odd = HeaderKinds.OddBytesOf(lowerName);
        if (value.ContainsAny(odd) || value.IndexOf(".."u8) >= 0) return true;
        // Percent escapes hide the same bytes; few headers carry any, so this is rarely walked.
        for (var at = value.IndexOf((byte)'%'); at >= 0;)
        {
            if (IsOddEscape(value[at..], odd)) return true;
            var next = value[(at + 1)..].IndexOf((byte)'%');
            if (next < 0) break;
            at += 1 + next;
        }

        return false;
    }

    /// <summary>
    /// Whether a normalised value is a separator by itself, as import forms and exports take one (<c>;</c>, <c>||</c>,
    /// <c>"""</c>): one or two bytes of punctuation, or one of them three times. Nothing of that size does anything;
    /// dots that lead upwards are not meant.
    /// </summary>
    public static bool IsSeparator(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= SeparatorBytesMax
        && !value.ContainsAnyExcept(Punctuation) && value.IndexOf(".."u8) < 0
        && (value.Length < SeparatorBytesMax || !value.ContainsAnyExcept(value[0]));

    /// <summary>True for a name that is worth scoring itself.</summary>
    public static bool IsOddName(ReadOnlySpan<byte> name) =>
        name.Length > PlainNameBytesMax || name.ContainsAnyExcept(PlainName) || Navigates(name);

    /// <summary>
    /// The part of a name that is scored, empty when it is an ordinary one. Of a JSON value, whose name is its path, it is
    /// the first odd key: dots there are the reader's, not the client's.
    /// </summary>
    public static ReadOnlySpan<byte> OddName(PartKind kind, ReadOnlySpan<byte> name)
    {
        if (kind is not PartKind.BodyArgument || !name.StartsWith("json."u8))
            return IsOddName(name) ? name : default;
        foreach (var range in name.Split((byte)'.'))
        {
            var key = name[range];
            if (key.Length > PlainNameBytesMax || key.ContainsAnyExcept(PlainName) || key.IndexOf("__"u8) >= 0)
                return key;
        }

        return default;
    }

    /// <summary>
    /// Names that walk through objects (<c>class.module.loader</c>, <c>__proto__</c>): applications bind them.
    /// </summary>
    private static bool Navigates(ReadOnlySpan<byte> name) =>
        name.Count((byte)'.') >= NameDotsMin || name.IndexOf("__"u8) >= 0;

    /// <summary>An escape of a byte that is odd, of a dot, or of sixteen bits.</summary>
    private static bool IsOddEscape(ReadOnlySpan<byte> text, SearchValues<byte> odd)
    {
        if (text.Length >= 6 && (text[1] | 0x20) == 'u'
            && Decoded(text[2], text[3]) >= 0 && Decoded(text[4], text[5]) >= 0)
        {
            return true;
        }

        return text.Length >= 3 && Decoded(text[1], text[2]) is var b and >= 0
            && (odd.Contains((byte)b) || b == '.');
    }

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
