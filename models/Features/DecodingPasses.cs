using System.Buffers;

namespace WafOperator.Features;

/// <summary>One left-to-right pass each, in place; the result is the new length, which shrinks when anything was decoded.</summary>
internal static class DecodingPasses
{
    private const int Base64BytesMin = 16;

    private static readonly SearchValues<byte> Base64Digits =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"u8);

    private static readonly SearchValues<byte> FixStarts = SearchValues.Create([0x00, 0xc0, 0xc1, 0xe0, 0xe2, 0xef, 0xca]);

    public static int Percent(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOf((byte)'%');
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            var b = text[read];
            if (b != '%')
            {
                text[write++] = b;
                read++;
            }
            else if (read + 5 < text.Length && (text[read + 1] | 0x20) == 'u' && Hex.Fixed(text.Slice(read + 2, 4)) is var code and >= 0)
            {
                flags |= ValueFlags.PercentU;
                write += Utf8Writer.Write(code, text[write..]);
                read += 6;
            }
            else if (read + 2 < text.Length && Hex.Fixed(text.Slice(read + 1, 2)) is var value and >= 0)
            {
                flags |= ValueFlags.Percent;
                text[write++] = (byte)value;
                read += 3;
            }
            else
            {
                flags |= ValueFlags.PercentMalformed;
                text[write++] = b;
                read++;
            }
        }

        return write;
    }

    public static int Entities(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOf((byte)'&');
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            if (text[read] == '&' && EntityTable.Match(text[read..], out var code) is var used and > 0)
            {
                flags |= ValueFlags.Entity;
                write += Utf8Writer.Write(code, text[write..]);
                read += used;
            }
            else
            {
                text[write++] = text[read++];
            }
        }

        return write;
    }

    public static int Backslashes(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOf((byte)'\\');
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            if (text[read] == '\\' && BackslashEscape(text[read..], out var code, out var isByte) is var used and > 0)
            {
                flags |= ValueFlags.Backslash;
                if (isByte)
                {
                    text[write++] = (byte)code;
                }
                else
                {
                    write += Utf8Writer.Write(code, text[write..]);
                }

                read += used;
            }
            else
            {
                text[write++] = text[read++];
            }
        }

        return write;
    }

    /// <summary>NUL bytes, overlong and full-width forms of ASCII, typographic quotes.</summary>
    public static int Bytes(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOfAny(FixStarts);
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            var rest = text[read..];
            switch (FixedForm(rest, ref flags, out var replacement))
            {
                case 0:
                    text[write++] = text[read++];
                    break;
                case 1:
                    read++;
                    break;
                case var used:
                    text[write++] = replacement;
                    read += used;
                    break;
            }
        }

        return write;
    }

    /// <summary>Decodes a value that as a whole is base64 of printable text; otherwise leaves it alone.</summary>
    public static int Base64Text(Span<byte> text, ref ValueFlags flags)
    {
        if (text.Length < Base64BytesMin)
        {
            return text.Length;
        }

        var digits = text.IndexOfAnyExcept(Base64Digits);
        digits = digits < 0 ? text.Length : digits;
        var padding = text[digits..];
        if (digits < Base64BytesMin || digits % 4 == 1 || padding.Length > 2 || padding.ContainsAnyExcept((byte)'='))
        {
            return text.Length;
        }

        if (DecodeBase64(text[..digits], write: false) < 0)
        {
            return text.Length;
        }

        flags |= ValueFlags.Base64;
        return DecodeBase64(text[..digits], write: true);
    }

    /// <summary>The decoded length, or -1 when a byte is no text or all are letters and digits.</summary>
    private static int DecodeBase64(Span<byte> digits, bool write)
    {
        var length = 0;
        var onlyAlphanumeric = true;
        var bits = 0;
        var held = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            bits = (bits << 6 | Base64Value(digits[i])) & 0xffff;
            held += 6;
            if (held < 8)
            {
                continue;
            }

            held -= 8;
            var b = (byte)(bits >> held);
            if (write)
            {
                digits[length] = b;
            }
            else if (b is not (9 or 10 or 13 or (>= 0x20 and <= 0x7e)))
            {
                return -1;
            }

            onlyAlphanumeric &= char.IsAsciiLetterOrDigit((char)b);
            length++;
        }

        return onlyAlphanumeric && !write ? -1 : length;
    }

    private static int Base64Value(byte digit) => digit switch
    {
        >= (byte)'A' and <= (byte)'Z' => digit - 'A',
        >= (byte)'a' and <= (byte)'z' => digit - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => digit - '0' + 52,
        (byte)'+' or (byte)'-' => 62,
        _ => 63,
    };

    private static int BackslashEscape(ReadOnlySpan<byte> text, out int code, out bool isByte)
    {
        code = 0;
        isByte = false;
        if (text.Length < 4)
        {
            return 0;
        }

        if (text[1] == 'x' && (code = Hex.Fixed(text.Slice(2, 2))) >= 0)
        {
            isByte = true;
            return 4;
        }

        if (text[1] != 'u')
        {
            return 0;
        }

        if (text.Length >= 6 && (code = Hex.Fixed(text.Slice(2, 4))) >= 0)
        {
            return 6;
        }

        var digits = text[2] == '{' ? Hex.Prefix(text[3..], 6, out code) : 0;
        return digits > 0 && 3 + digits < text.Length && text[3 + digits] == '}' ? 4 + digits : 0;
    }

    /// <summary>How many bytes a fix-up consumes (0: none, 1: drop the byte) and the byte that stands for them.</summary>
    private static int FixedForm(ReadOnlySpan<byte> text, ref ValueFlags flags, out byte replacement)
    {
        replacement = 0;
        var second = text.Length > 1 ? text[1] : 0;
        var third = text.Length > 2 ? text[2] : 0;
        switch (text[0])
        {
            case 0:
                flags |= ValueFlags.Nul;
                return 1;
            case 0xc0 or 0xc1 when second is >= 0x80 and <= 0xbf:
                flags |= ValueFlags.Overlong;
                replacement = (byte)((text[0] & 1) << 6 | second & 0x3f);
                return 2;
            case 0xe0 when second is (0x80 or 0x81) && third is >= 0x80 and <= 0xbf:
                flags |= ValueFlags.Overlong;
                replacement = (byte)((second & 1) << 6 | third & 0x3f);
                return 3;
            case 0xef when second == 0xbc && third is >= 0x81 and <= 0xbf:
                flags |= ValueFlags.Fullwidth;
                replacement = (byte)(third - 0x81 + 0x21);
                return 3;
            case 0xef when second == 0xbd && third is >= 0x80 and <= 0x9e:
                flags |= ValueFlags.Fullwidth;
                replacement = (byte)(third - 0x80 + 0x60);
                return 3;
            case 0xe2 when second == 0x80 && third is (0x98 or 0x99):
                replacement = (byte)'\'';
                return 3;
            case 0xe2 when second == 0x80 && third is (0x9c or 0x9d):
                replacement = (byte)'"';
                return 3;
            case 0xca when second == 0xbc:
                replacement = (byte)'\'';
                return 2;
            default:
                return 0;
        }
    }
}
