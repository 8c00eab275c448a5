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

    /// <summary>False for a header of request or part that only holds what headers of its kind usually hold.</summary>
    public static bool IsWorthScoring(CanonicalRequest request, in RequestPart part) => part.Kind switch
    {
        PartKind.Header => IsOddHeader(request[part.Name], request[part.Value]),
        // Named by the part's field: those that are shown at all are judged like an application's own headers.
        PartKind.PartHeader => IsOddHeader(default, request[part.Value]),
        _ => true,
    };

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
    /// The next part of a name that is scored: of a JSON value, whose name is its path, each run of odd keys; of any
    /// other the whole name. Dots between keys are the reader's; inside a run they may be the client's, so runs are not
    /// cut there, and nor at keys that are empty (<c>../../etc</c>).
    /// </summary>
    /// <param name="kind">What is named.</param>
    /// <param name="name">The name as it was read.</param>
    /// <param name="from">Where the search begins; afterwards where the next one has to begin.</param>
    /// <param name="odd">Where the part stands.</param>
    /// <returns>False when nothing further is odd.</returns>
    public static bool TryNextOddName(PartKind kind, ReadOnlySpan<byte> name, ref int from, out Range odd)
    {
        odd = default;
        if (!IsPath(kind, name))
        {
            if (from > 0 || !IsOddName(name)) return false;
            (odd, from) = (.., name.Length + 1);
            return true;
        }

        from = Math.Max(from, JsonPrefix.Length);
        while (from <= name.Length)
        {
            var (start, end, isOdd) = (from, from - 1, false);
            while (end < name.Length)
            {
                var key = KeyAt(name, end + 1);
                if (!key.IsEmpty && !IsOddKey(key)) break;
                isOdd |= !key.IsEmpty;
                end += 1 + key.Length;
            }

            // A key that ended the run, or began none, is plain: what follows it may be odd.
            from = end < name.Length ? end + 1 + KeyAt(name, end + 1).Length + 1 : name.Length + 1;
            if (!isOdd) continue;
            odd = start..end;
            return true;
        }

        return false;
    }

    /// <summary>
    /// What rows of a whole request hold of a name, empty for an ordinary one: of a JSON path its first odd key, as
    /// models/training/wafml/parts.py has them.
    /// </summary>
    public static ReadOnlySpan<byte> FirstOddName(PartKind kind, ReadOnlySpan<byte> name)
    {
        if (!IsPath(kind, name)) return IsOddName(name) ? name : default;
        foreach (var range in name.Split((byte)'.'))
        {
            if (IsOddKey(name[range])) return name[range];
        }

        return default;
    }

    /// <summary>What of a name is read together from a place on that <see cref="TryNextOddName"/> found.</summary>
    public static ReadOnlySpan<byte> OddNameAt(PartKind kind, ReadOnlySpan<byte> name, int at)
    {
        if (!IsPath(kind, name)) return name[at..];
        var from = at;
        // A place inside of a run, where a long one is read in pieces, goes on to the run's end.
        return TryNextOddName(kind, name, ref from, out var odd) && odd.Start.Value == at ? name[odd] : name[at..];
    }

    private static ReadOnlySpan<byte> JsonPrefix => "json."u8;

    private static bool IsPath(PartKind kind, ReadOnlySpan<byte> name) =>
        kind is PartKind.BodyArgument && name.StartsWith(JsonPrefix);

    private static ReadOnlySpan<byte> KeyAt(ReadOnlySpan<byte> name, int start)
    {
        var length = name[start..].IndexOf((byte)'.');
        return length < 0 ? name[start..] : name.Slice(start, length);
    }

    private static bool IsOddKey(ReadOnlySpan<byte> key) =>
        key.Length > PlainNameBytesMax || key.ContainsAnyExcept(PlainName) || key.IndexOf("__"u8) >= 0;

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
        kind is PartKind.Cookie or PartKind.Header or PartKind.PartHeader
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
