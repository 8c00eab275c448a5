namespace WafOperator.Features;

/// <summary>The HTML entities that stand for ASCII punctuation, and numeric ones.</summary>
internal static class EntityTable
{
    private const int NameBytesMin = 2;
    private const int NameBytesMax = 7;

    /// <summary>Matches an entity at the start of the text (an ampersand): bytes consumed, 0 when it is none.</summary>
    public static int Match(ReadOnlySpan<byte> text, out int code)
    {
        code = 0;
        if (text.Length < 3)
        {
            return 0;
        }

        if (text[1] == '#')
        {
            return Numeric(text, out code);
        }

        var end = 1;
        while (end < text.Length && end <= NameBytesMax && char.IsAsciiLetter((char)text[end]))
        {
            end++;
        }

        if (end - 1 < NameBytesMin || end >= text.Length || text[end] != ';')
        {
            return 0;
        }

        code = Named(text[1..end]);
        return code == 0 ? 0 : end + 1;
    }

    private static int Numeric(ReadOnlySpan<byte> text, out int code)
    {
        int end;
        if ((text[2] | 0x20) == 'x')
        {
            var digits = Hex.Prefix(text[3..], 6, out code);
            if (digits == 0)
            {
                return 0;
            }

            end = 3 + digits;
        }
        else
        {
            code = 0;
            end = 2;
            while (end < text.Length && end < 9 && char.IsAsciiDigit((char)text[end]))
            {
                code = code * 10 + (text[end++] - '0');
            }

            if (end == 2)
            {
                return 0;
            }
        }

        return end < text.Length && text[end] == ';' ? end + 1 : end;
    }

    private static int Named(ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[NameBytesMax];
        for (var i = 0; i < name.Length; i++)
        {
            lower[i] = (byte)(name[i] | 0x20);
        }

        ReadOnlySpan<byte> key = lower[..name.Length];
        return key switch
        {
            _ when key.SequenceEqual("lt"u8) => '<',
            _ when key.SequenceEqual("gt"u8) => '>',
            _ when key.SequenceEqual("amp"u8) => '&',
            _ when key.SequenceEqual("quot"u8) => '"',
            _ when key.SequenceEqual("apos"u8) => '\'',
            _ when key.SequenceEqual("nbsp"u8) => ' ',
            _ when key.SequenceEqual("tab"u8) => '\t',
            _ when key.SequenceEqual("newline"u8) => '\n',
            _ when key.SequenceEqual("colon"u8) => ':',
            _ when key.SequenceEqual("lpar"u8) => '(',
            _ when key.SequenceEqual("rpar"u8) => ')',
            _ when key.SequenceEqual("sol"u8) => '/',
            _ when key.SequenceEqual("bsol"u8) => '\\',
            _ when key.SequenceEqual("equals"u8) => '=',
            _ when key.SequenceEqual("semi"u8) => ';',
            _ when key.SequenceEqual("comma"u8) => ',',
            _ when key.SequenceEqual("period"u8) => '.',
            _ when key.SequenceEqual("lsqb"u8) || key.SequenceEqual("lbrack"u8) => '[',
            _ when key.SequenceEqual("rsqb"u8) || key.SequenceEqual("rbrack"u8) => ']',
            _ when key.SequenceEqual("lcub"u8) || key.SequenceEqual("lbrace"u8) => '{',
            _ when key.SequenceEqual("rcub"u8) || key.SequenceEqual("rbrace"u8) => '}',
            _ when key.SequenceEqual("grave"u8) => '`',
            _ when key.SequenceEqual("num"u8) => '#',
            _ when key.SequenceEqual("dollar"u8) => '$',
            _ when key.SequenceEqual("percnt"u8) => '%',
            _ when key.SequenceEqual("excl"u8) => '!',
            _ when key.SequenceEqual("plus"u8) => '+',
            _ when key.SequenceEqual("ast"u8) => '*',
            _ when key.SequenceEqual("hyphen"u8) => '-',
            _ when key.SequenceEqual("commat"u8) => '@',
            _ when key.SequenceEqual("verbar"u8) || key.SequenceEqual("vert"u8) => '|',
            _ when key.SequenceEqual("lowbar"u8) => '_',
            _ => 0,
        };
    }
}
