using System.Buffers;

namespace WafOperator.Features;

/// <summary>
/// What separates words for an application: comments, shell gaps, white space. In place, after decoding.
/// </summary>
internal static class GapPasses
{
    private const int CommentBytesMax = 64;
    private const int GapNameBytesMax = 16;
    private const int VersionDigitsMax = 6;
    private const int HeaderNameBytesMax = 30;

    private static readonly SearchValues<byte> NeedsRewrite = SearchValues.Create(RewriteBytes());

    /// <summary><c>/*!00000</c> and closed comments of at most 64 bytes become a space.</summary>
    public static int Comments(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOf("/*"u8);
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            var used = CommentLength(text[read..]);
            if (used > 0)
            {
                flags |= ValueFlags.Comment;
                text[write++] = (byte)' ';
                read += used;
            }
            else
            {
                text[write++] = text[read++];
            }
        }

        return write;
    }

    /// <summary><c>${IFS…}</c>, <c>$IFS</c> and <c>$IFS$9</c> become a space.</summary>
    public static int ShellGaps(Span<byte> text, ref ValueFlags flags)
    {
        var read = text.IndexOf((byte)'$');
        if (read < 0)
        {
            return text.Length;
        }

        var write = read;
        while (read < text.Length)
        {
            var used = text[read] == '$' ? GapLength(text[read..]) : 0;
            if (used > 0)
            {
                flags |= ValueFlags.ShellGap;
                text[write++] = (byte)' ';
                read += used;
            }
            else
            {
                text[write++] = text[read++];
            }
        }

        return write;
    }

    /// <summary>
    /// ASCII lower case; runs of white space and control bytes become one space, none at either end. A run with a line
    /// break becomes one line feed where a header's name and a colon follow, which is what header injection needs.
    /// </summary>
    public static int LowerAndCollapse(Span<byte> text, ref ValueFlags flags)
    {
        var start = text.IndexOfAny(NeedsRewrite);
        if (start < 0)
        {
            return text.Length;
        }

        // Back to the start of the value: a space before `start` may join a run.
        var write = 0;
        var read = 0;
        var pendingSpace = false;
        var hasBreak = false;
        while (read < text.Length)
        {
            var b = text[read];
            var used = SpaceLength(text, read);
            if (used > 0)
            {
                if (used == 1 && b is not (0x20 or 9 or 10 or 13 or 0))
                {
                    flags |= ValueFlags.Control;
                }

                pendingSpace = true;
                hasBreak |= b is (byte)'\n' or (byte)'\r';
                read += used;
                continue;
            }

            if (pendingSpace)
            {
                if (hasBreak && IsHeaderLine(text[read..])) text[write++] = (byte)'\n';
                else if (write > 0) text[write++] = (byte)' ';
                (pendingSpace, hasBreak) = (false, false);
            }

            text[write++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
            read++;
        }

        return write;
    }

    /// <summary>A letter, 1 to 30 letters, digits or hyphens, a colon.</summary>
    private static bool IsHeaderLine(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || !char.IsAsciiLetter((char)text[0])) return false;
        var end = 1;
        while (end < text.Length && end <= HeaderNameBytesMax && IsNameByte(text[end])) end++;
        return end > 1 && end < text.Length && text[end] == ':';
    }

    private static bool IsNameByte(byte b) => char.IsAsciiLetterOrDigit((char)b) || b == '-';

    private static int SpaceLength(ReadOnlySpan<byte> text, int at) => text[at] switch
    {
        (>= 1 and <= 0x20) or 0x7f => 1,
        0xc2 when at + 1 < text.Length && text[at + 1] == 0xa0 => 2,
        0xe3 when at + 2 < text.Length && text[at + 1] == 0x80 && text[at + 2] == 0x80 => 3,
        _ => 0,
    };

    private static int CommentLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 3 || text[0] != '/' || text[1] != '*')
        {
            return 0;
        }

        if (text[2] == '!')
        {
            var end = 3;
            while (end < text.Length && end < 3 + VersionDigitsMax && char.IsAsciiDigit((char)text[end]))
            {
                end++;
            }

            return end;
        }

        var star = text[2..Math.Min(text.Length, 2 + CommentBytesMax + 1)].IndexOf((byte)'*');
        return star >= 0 && 3 + star < text.Length && text[3 + star] == '/' ? 4 + star : 0;
    }

    private static int GapLength(ReadOnlySpan<byte> text)
    {
        if (text.Length >= 6 && text[1] == '{' && IsIfs(text[2..]))
        {
            var close = text[5..Math.Min(text.Length, 5 + GapNameBytesMax + 1)].IndexOf((byte)'}');
            return close >= 0 ? 6 + close : 0;
        }

        if (text.Length < 4 || !IsIfs(text[1..]))
        {
            return 0;
        }

        return text.Length >= 6 && text[4] == '$' && (char.IsAsciiDigit((char)text[5]) || text[5] is (byte)'@' or (byte)'*')
            ? 6
            : 4;
    }

    private static bool IsIfs(ReadOnlySpan<byte> text) =>
        (text[0] | 0x20) == 'i' && (text[1] | 0x20) == 'f' && (text[2] | 0x20) == 's';

    private static byte[] RewriteBytes()
    {
        var bytes = new List<byte>();
        for (var b = 1; b <= 0x20; b++)
        {
            bytes.Add((byte)b);
        }

        bytes.AddRange("ABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
        bytes.AddRange([0x7f, 0xc2, 0xe3]);
        return [.. bytes];
    }
}
