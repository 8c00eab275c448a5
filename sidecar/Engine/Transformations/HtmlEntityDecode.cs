using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:htmlEntityDecode: numeric and named references. Code points up to 255 become one byte, larger ones UTF-8
/// (ModSecurity keeps their low byte, which is another character). quot, amp, lt, gt and nbsp do not need the
/// semicolon, the further names, with which scripts and URLs are hidden, do (HTML section 13.5). tab, newline and colon
/// stay as they are, because CRS looks for them as written (941210, 941220).
/// </summary>
internal sealed class HtmlEntityDecode() : MarkedDecoder<HtmlReference>("htmlEntityDecode")
{
    internal override byte[]? Triggers => [.. "&"u8];
}

/// <summary>A reference of HTML.</summary>
internal readonly struct HtmlReference : IMarkedCoding
{
    private const int NameBytesMax = 8;

    private static readonly FrozenDictionary<ulong, byte> Names = CreateNames();

    public static SearchValues<byte> Marks { get; } = SearchValues.Create("&"u8);

    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output, out int written)
    {
        var taken = DecodeReference(text, output, out written);
        if (taken > 0) return taken;
        output[0] = text[0];
        return written = 1;
    }

    /// <summary>Returns how many bytes the reference takes, 0 when it is none.</summary>
    private static int DecodeReference(ReadOnlySpan<byte> text, Span<byte> output, out int produced)
    {
        produced = 0;
        if (text.Length < 3 || text[1] != '#' && !char.IsAsciiLetter((char)text[1])) return 0;
        return text[1] == '#' ? DecodeNumber(text, output, out produced) : DecodeName(text, output, out produced);
    }

    private static int DecodeNumber(ReadOnlySpan<byte> text, Span<byte> output, out int produced)
    {
        produced = 0;
        var isHex = (text[2] | 0x20) == 'x';
        var start = isHex ? 3 : 2;
        var i = start;
        var code = 0L;
        for (; i < text.Length; i++)
        {
            var digit = isHex ? Bytes.HexValue(text[i]) : Bytes.IsDigit(text[i]) ? text[i] - '0' : -1;
            if (digit < 0) break;
            code = Math.Min(code * (isHex ? 16 : 10) + digit, int.MaxValue);
        }

        if (i == start) return 0;
        if (i < text.Length && text[i] == ';') i++;
        if (code > 255 && Rune.TryCreate((int)code, out var rune)) produced = rune.EncodeToUtf8(output);
        else output[produced++] = (byte)code;
        return i;
    }

    private static int DecodeName(ReadOnlySpan<byte> text, Span<byte> output, out int produced)
    {
        produced = 0;
        Span<byte> name = stackalloc byte[NameBytesMax];
        var length = 0;
        while (length < NameBytesMax && length + 1 < text.Length && Bytes.IsAlphanumeric(text[length + 1]))
        {
            var value = text[length + 1];
            name[length++] = (uint)(value - 'A') < 26 ? (byte)(value | 0x20) : value;
        }

        var isClosed = length + 1 < text.Length && text[length + 1] == ';';
        var code = ValueOf(name[..length]);
        if (code == 0 && isClosed) code = ClosedValueOf(name[..length]);
        if (code == 0) return 0;
        output[0] = (byte)code;
        produced = 1;
        return length + (isClosed ? 2 : 1);
    }

    private static int ValueOf(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("quot"u8)) return '"';
        if (name.SequenceEqual("amp"u8)) return '&';
        if (name.SequenceEqual("lt"u8)) return '<';
        if (name.SequenceEqual("gt"u8)) return '>';
        return name.SequenceEqual("nbsp"u8) ? Bytes.NoBreakSpace : 0;
    }

    private static int ClosedValueOf(ReadOnlySpan<byte> name) => Names.GetValueOrDefault(Pack(name));

    private static FrozenDictionary<ulong, byte> CreateNames()
    {
        (string Name, char Value)[] names =
        [
            ("apos", '\''), ("lpar", '('), ("rpar", ')'),
            ("sol", '/'), ("bsol", '\\'), ("num", '#'), ("excl", '!'), ("comma", ','), ("period", '.'), ("semi", ';'),
            ("equals", '='), ("lbrack", '['), ("lsqb", '['), ("rbrack", ']'), ("rsqb", ']'), ("lbrace", '{'),
            ("lcub", '{'), ("rbrace", '}'), ("rcub", '}'), ("grave", '`'), ("plus", '+'), ("percnt", '%'),
            ("dollar", '$'), ("quest", '?'), ("ast", '*'), ("commat", '@'), ("lowbar", '_'), ("verbar", '|'),
            ("vert", '|'),
        ];
        return names.ToFrozenDictionary(item => Pack(Encoding.ASCII.GetBytes(item.Name)), item => (byte)item.Value);
    }

    /// <summary>Up to eight bytes as one number.</summary>
    private static ulong Pack(ReadOnlySpan<byte> name)
    {
        var packed = 0UL;
        foreach (var value in name) packed = packed << 8 | value;
        return packed;
    }
}
