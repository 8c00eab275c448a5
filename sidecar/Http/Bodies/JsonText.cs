using System.Buffers;
using System.Text;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>Which escapes a string may have.</summary>
internal enum EscapeSyntax
{
    /// <summary>Those of RFC 8259.</summary>
    Json,

    /// <summary>Also code points in braces: <c>\u{61}</c> (draft specification of GraphQL, section 2.9.4).</summary>
    GraphQl,

    /// <summary>
    /// Also those of JSON5, JavaScript, YAML and Python: <c>\x61</c>, <c>\U00000061</c>, <c>\141</c>, <c>\'</c>.
    /// </summary>
    Lenient,
}

/// <summary>Strings and numbers of JSON (RFC 8259 sections 6 and 7).</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create(
        [(byte)'"', (byte)'\\', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
            24,
         25, 26, 27, 28, 29, 30, 31]);

    /// <summary>An escape in braces with six digits and zeros in front.</summary>
    private const int BracedBytesMax = 64;

    /// <summary>
    /// Reads the string whose quote is at <paramref name="position"/> and goes behind it. False when it does not end or
    /// holds a bad escape or a bare control byte; the position then stays.
    /// </summary>
    public static bool TryRead(
        CanonicalRequest request, Slice document, ref int position, out Slice value,
        EscapeSyntax syntax = EscapeSyntax.Json)
    {
        var text = request[document];
        var start = position + 1;
        var rest = text[start..];
        var mark = rest.IndexOfAny(Marks);
        value = default;
        if (mark < 0) return false;
        if (rest[mark] == '"')
        {
            value = document.Sub(start, mark);
            position = start + mark + 1;
            if (rest[..mark].ContainsAnyInRange((byte)0x80, (byte)0xff)) request.Note(Utf8Facts.Of(rest[..mark]));
            return true;
        }

        if (rest[mark] != '\\') return false;
        var close = FindClose(rest);
        if (close < 0) return false;
        if (!request.Arena.TryReserve(close)) { request.NoMemory(); return false; }
        var written = Unescape(rest[..close], request.Arena.Tail, syntax);
        if (written < 0) return false;
        value = request.Arena.Commit(written);
        position = start + close + 1;
        request.Note(Utf8Facts.Of(request[value]));
        return true;
    }

    /// <summary>Undoes the escapes; -1 when one is malformed. The output is never longer than the input.</summary>
    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> output, EscapeSyntax syntax)
    {
        var written = 0;
        while (true)
        {
            var mark = text.IndexOfAny(Marks);
            var plain = mark < 0 ? text : text[..mark];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (mark < 0) return written;
            text = text[mark..];
            if (text[0] != '\\' || text.Length < 2) return -1;
            var taken = UnescapeOne(text, output[written..], syntax, out var produced);
            if (taken == 0) return -1;
            written += produced;
            text = text[taken..];
        }
    }

    /// <summary>
    /// Undoes every escape in a text, which may be many strings with what is between them; what is no escape stays. The
    /// output is never longer than the input.
    /// </summary>
    public static int UnescapeAll(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var written = 0;
        while (true)
        {
            var mark = text.IndexOf((byte)'\\');
            var plain = mark < 0 ? text : text[..mark];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (mark < 0) return written;
            text = text[mark..];
            var produced = 0;
            var taken = text.Length < 2 ? 0
                : UnescapeOne(text, output[written..], EscapeSyntax.Lenient, out produced);
            if (taken == 0)
            {
                output[written] = (byte)'\\';
                (taken, produced) = (1, 1);
            }

            written += produced;
            text = text[taken..];
        }
    }

    /// <summary>True for a number by the grammar.</summary>
    public static bool IsNumber(ReadOnlySpan<byte> word)
    {
        var i = 0;
        if (word.StartsWith("-"u8)) i++;
        if (i >= word.Length) return false;
        if (word[i] == '0') i++;
        else if (!SkipDigits(word, ref i)) return false;
        if (i < word.Length && word[i] == '.')
        {
            i++;
            if (!SkipDigits(word, ref i)) return false;
        }

        if (i < word.Length && (word[i] | 0x20) == 'e')
        {
            i++;
            if (i < word.Length && word[i] is (byte)'+' or (byte)'-') i++;
            if (!SkipDigits(word, ref i)) return false;
        }

        return i == word.Length;
    }

    /// <summary>What Python, PHP and JavaScript libraries write for numbers JSON has no word for.</summary>
    public static bool IsNotANumber(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("NaN"u8) || word.TrimStart((byte)'-').SequenceEqual("Infinity"u8);

    private static bool SkipDigits(ReadOnlySpan<byte> word, ref int i)
    {
        var start = i;
        while (i < word.Length && (uint)(word[i] - '0') <= 9) i++;
        return i > start;
    }

    private static int FindClose(ReadOnlySpan<byte> text)
    {
        var i = 0;
        while (true)
        {
            var mark = text[i..].IndexOfAny((byte)'"', (byte)'\\');
            if (mark < 0) return -1;
            i += mark;
            if (text[i] == '"') return i;
            i += 2;
            if (i > text.Length) return -1;
        }
    }

    private static int UnescapeOne(
        ReadOnlySpan<byte> escape, Span<byte> output, EscapeSyntax syntax, out int produced)
    {
        produced = 1;
        if (syntax is not EscapeSyntax.Json && escape[1] == 'u' && escape.Length > 2 && escape[2] == '{')
            return UnescapeBraces(escape, output, out produced);
        if (escape[1] == 'u') return UnescapeUnit(escape, output, out produced);
        var value = escape[1] switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => escape[1],
            (byte)'b' => (byte)8,
            (byte)'t' => (byte)9,
            (byte)'n' => (byte)10,
            (byte)'f' => (byte)12,
            (byte)'r' => (byte)13,
            _ => (byte)0,
        };
        if (value == 0) return syntax is EscapeSyntax.Lenient ? UnescapeOther(escape, output, out produced) : 0;
        output[0] = value;
        return 2;
    }

    /// <summary>
    /// What readers of more than JSON undo. Paths of Windows hold such letters by chance: control bytes come of none.
    /// </summary>
    private static int UnescapeOther(ReadOnlySpan<byte> escape, Span<byte> output, out int produced)
    {
        produced = 1;
        output[0] = (byte)'\'';
        if (escape[1] == '\'') return 2;
        return escape[1] switch
        {
            (byte)'x' => UnescapeDigits(escape, (2, 2, 16), output, out produced),
            (byte)'U' => UnescapeDigits(escape, (2, 8, 16), output, out produced),
            >= (byte)'0' and <= (byte)'3' => UnescapeDigits(escape, (1, 3, 8), output, out produced),
            _ => 0,
        };
    }

    private static int UnescapeBraces(ReadOnlySpan<byte> escape, Span<byte> output, out int produced)
    {
        produced = 0;
        var end = escape[..Math.Min(escape.Length, BracedBytesMax)].IndexOf((byte)'}');
        if (end < 4 || !TryReadNumber(escape[3..end], 16, out var code)) return 0;
        if (!Rune.TryCreate(code, out var rune)) return 0;
        produced = rune.EncodeToUtf8(output);
        return end + 1;
    }

    private static int UnescapeDigits(
        ReadOnlySpan<byte> escape, (int Start, int Count, int Radix) digits, Span<byte> output, out int produced)
    {
        produced = 0;
        var end = digits.Start + digits.Count;
        if (escape.Length < end || !TryReadNumber(escape[digits.Start..end], digits.Radix, out var code)) return 0;
        if (code is < ' ' and not ('\t' or '\r' or '\n') || !Rune.TryCreate(code, out var rune)) return 0;
        produced = rune.EncodeToUtf8(output);
        return end;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, int radix, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            var value = PercentDecoder.HexValue(digit);
            if (value < 0 || value >= radix || number >> 24 != 0) return false;
            number = number * radix + value;
        }

        return true;
    }

    /// <summary>A \uXXXX escape, with its second half where it is a surrogate; a lone half becomes U+FFFD.</summary>
    private static int UnescapeUnit(ReadOnlySpan<byte> escape, Span<byte> output, out int produced)
    {
        produced = 0;
        if (!TryReadUnit(escape, out var unit)) return 0;
        if (char.IsHighSurrogate((char)unit) && TryReadUnit(escape[6..], out var low) && char.IsLowSurrogate((char)low))
        {
            produced = new Rune((char)unit, (char)low).EncodeToUtf8(output);
            return 12;
        }

        var rune = Rune.TryCreate(unit, out var valid) ? valid : Rune.ReplacementChar;
        produced = rune.EncodeToUtf8(output);
        return 6;
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> escape, out int unit)
    {
        unit = 0;
        if (escape.Length < 6 || escape[0] != '\\' || escape[1] != 'u') return false;
        for (var i = 2; i < 6; i++)
        {
            var digit = PercentDecoder.HexValue(escape[i]);
            if (digit < 0) return false;
            unit = unit << 4 | digit;
        }

        return true;
    }
}
