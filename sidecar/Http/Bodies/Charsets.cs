using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Declared charsets that are not supersets of ASCII (UTF-16, UTF-32, UTF-7, EBCDIC) are converted to UTF-8, so that
/// rules see the text a server would see that heeds the declaration. Supersets are left as they are. A name nobody
/// knows is noted.
/// </summary>
internal static class Charsets
{
    private const int NameBytesMax = 40;

    /// <summary>Characters that are converted at once.</summary>
    private const int PieceMax = 4096;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()"u8);

    private static readonly FrozenDictionary<string, Encoding> BuiltIn = ListBuiltIn();

    /// <summary>The same by their names without punctuation.</summary>
    private static readonly FrozenDictionary<string, Encoding> PlainNames = BuiltIn
        .GroupBy(item => string.Concat(item.Key.Where(char.IsAsciiLetterOrDigit)))
        .ToFrozenDictionary(group => group.Key, group => group.First().Value);

    /// <summary>The value in UTF-8; the same slice where nothing is to be converted.</summary>
    public static Slice ToUtf8(CanonicalRequest request, Slice value, Slice charset)
    {
        if (charset.IsEmpty || value.IsEmpty) return value;
        var name = request[charset];
        if (IsKnownSuperset(name)) return value;
        if (IsUtf7(name))
        {
            request.Note(Anomalies.UnusualCharset);
            return Utf7.ToUtf8(request, value);
        }

        var encoding = Find(name);
        if (encoding is null)
        {
            request.Note(Anomalies.UnknownCharset);
            request.Note(UnreadContent.Coding, value.Length);
            return value;
        }

        if (IsSuperset(encoding)) return value;
        request.Note(Anomalies.UnusualCharset);
        return Convert(request, value, encoding);
    }

    /// <summary>True for text whose bytes are those of ASCII, whatever charset is declared for it.</summary>
    public static bool LooksLikeAscii(ReadOnlySpan<byte> text) =>
        !text.Contains((byte)0) && text[..Math.Min(text.Length, 4)].IndexOfAnyInRange((byte)0x80, (byte)0xff) < 0;

    /// <summary>
    /// Libraries compare names without their punctuation: <c>utf--7</c>, <c>utf_7</c> and a quoted pair all mean it.
    /// </summary>
    private static bool IsUtf7(ReadOnlySpan<byte> name)
    {
        Span<byte> plain = stackalloc byte[NameBytesMax];
        var text = plain[..Plain(name, plain)];
        return text.StartsWith("utf7"u8) || text.SequenceEqual("unicode11utf7"u8);
    }

    /// <summary>True for a name of a charset that leaves text of ASCII as it is.</summary>
    public static bool IsSuperset(ReadOnlySpan<byte> name) =>
        IsKnownSuperset(name) || !IsUtf7(name) && Find(name) is { } encoding && IsSuperset(encoding);

    /// <summary>Encodings whose units are wider than a byte: text in them shows by its zero bytes.</summary>
    public static bool IsWideName(ReadOnlySpan<byte> name)
    {
        Span<byte> plain = stackalloc byte[NameBytesMax];
        var text = plain[..Plain(name, plain)];
        return text.StartsWith("utf16"u8) || text.StartsWith("utf32"u8) || text.StartsWith("ucs"u8)
            || text.StartsWith("iso10646"u8) || text.StartsWith("unicode"u8) && !text.EndsWith("7"u8);
    }

    /// <summary>Letters, in lower case, and digits of a name; returns how many.</summary>
    private static int Plain(ReadOnlySpan<byte> name, Span<byte> plain)
    {
        var length = 0;
        foreach (var value in name)
        {
            if (length == plain.Length) break;
            if (char.IsAsciiLetterOrDigit((char)value)) plain[length++] = (byte)char.ToLowerInvariant((char)value);
        }

        return length;
    }

    /// <summary>Charsets in which a text of ASCII is the same text, by their commonest names.</summary>
    internal static bool IsKnownSuperset(ReadOnlySpan<byte> name) =>
        HeadReader.EqualsIgnoreCase(name, "utf-8"u8) || HeadReader.EqualsIgnoreCase(name, "us-ascii"u8)
        || HeadReader.EqualsIgnoreCase(name, "iso-8859-1"u8) || HeadReader.EqualsIgnoreCase(name, "utf8"u8)
        || HeadReader.EqualsIgnoreCase(name, "windows-1252"u8) || HeadReader.EqualsIgnoreCase(name, "iso-8859-15"u8);

    private static Encoding? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > NameBytesMax || name.ContainsAnyExcept(NameBytes)) return null;
        var text = Encoding.ASCII.GetString(name);
        if ((CodePagesEncodingProvider.Instance.GetEncoding(text) ?? BuiltIn.GetValueOrDefault(text)) is { } known)
            return known;
        Span<byte> plain = stackalloc byte[NameBytesMax];
        return PlainNames.GetValueOrDefault(Encoding.ASCII.GetString(plain[..Plain(name, plain)]));
    }

    /// <summary>
    /// The runtime's own encodings by all their names (IANA character sets). Asking the runtime by name throws for an
    /// unknown one, which a body of four thousand values would make it do four thousand times.
    /// </summary>
    private static FrozenDictionary<string, Encoding> ListBuiltIn()
    {
        (Encoding Encoding, string Names)[] known =
        [
            (Encoding.ASCII, "us-ascii ascii us cp367 csascii ibm367 iso-ir-6 iso646-us iso_646.irv:1991 "
                + "ansi_x3.4-1968 ansi_x3.4-1986"),
            (Encoding.Latin1, "iso-8859-1 iso8859-1 iso_8859-1 iso_8859-1:1987 iso-ir-100 latin1 l1 cp819 ibm819 "
                + "csisolatin1"),
            (Encoding.UTF8, "utf-8 unicode-1-1-utf-8 unicode-2-0-utf-8 x-unicode-1-1-utf-8 x-unicode-2-0-utf-8"),
            (Encoding.Unicode, "utf-16 utf-16le ucs-2 iso-10646-ucs-2 unicode"),
            (Encoding.BigEndianUnicode, "utf-16be unicodefffe"),
            (Encoding.UTF32, "utf-32 utf-32le"),
            (new UTF32Encoding(bigEndian: true, byteOrderMark: true), "utf-32be"),
        ];
        return known.SelectMany(item => item.Names.Split(' '), (item, name) => KeyValuePair.Create(name, item.Encoding))
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>
    /// All of ASCII, and the bytes that shift to another set in ISO-2022 and HZ: to shift to ASCII where it is ASCII
    /// already leaves nothing behind.
    /// </summary>
    private static bool IsSuperset(Encoding encoding)
    {
        Span<byte> bytes = stackalloc byte[102];
        for (var i = 0; i < 95; i++) bytes[i] = (byte)(' ' + i);
        "\u000e\u000f~~\u001b(B"u8.CopyTo(bytes[95..]);
        Span<char> characters = stackalloc char[256];
        if (encoding.GetMaxCharCount(bytes.Length) > characters.Length && encoding.GetCharCount(bytes) != bytes.Length)
            return false;
        if (encoding.GetCharCount(bytes) != bytes.Length) return false;
        encoding.GetChars(bytes, characters);
        for (var i = 0; i < bytes.Length; i++)
        {
            if (characters[i] != bytes[i]) return false;
        }

        return true;
    }

    /// <summary>In pieces, so that a long body takes no more memory than its text does.</summary>
    private static Slice Convert(CanonicalRequest request, Slice value, Encoding encoding)
    {
        var characters = ArrayPool<char>.Shared.Rent(PieceMax);
        var decoder = encoding.GetDecoder();
        var encoder = Encoding.UTF8.GetEncoder();
        var start = request.Arena.Length;
        try
        {
            for (var isDone = false; !isDone;)
            {
                decoder.Convert(request[value], characters, flush: true, out var used, out var count, out isDone);
                value = value.From(used);
                var text = characters.AsSpan(0, count);
                if (request.Arena.Length == start && text is ['\ufeff', ..]) text = text[1..];
                if (!request.Arena.TryReserve(Encoding.UTF8.GetMaxByteCount(text.Length)))
                {
                    request.NoMemory();
                    break;
                }

                request.Arena.Commit(encoder.GetBytes(text, request.Arena.Tail, flush: isDone));
            }

            return new Slice(start, request.Arena.Length - start);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }
}
