using System.Text;

namespace WafOperator.Http;

/// <summary>
/// Tells binary content from text by its structure, and finds text in it that a server or a browser would run. Pure.
/// </summary>
public static class FileContent
{
    private const int HeadBytes = 4096;
    private const int SuspectBytesMax = 16;

    /// <summary>Share of control characters, one in so many bytes, from which on content is no text.</summary>
    private const int BytesPerControl = 10;

    /// <summary>First bytes of formats, each with where they stand.</summary>
    private static readonly (int At, byte[] Bytes)[] Signatures =
    [
        (0, [0xff, 0xd8, 0xff]), (0, [0x89, .. "PNG"u8]), (0, [.. "GIF8"u8]), (0, [.. "BM"u8, 0]), (0, [.. "RIFF"u8]),
        (0, [.. "II*\0"u8]), (0, [.. "MM\0*"u8]), (0, [0, 0, 1, 0]), (0, [.. "8BPS"u8]), (4, [.. "ftyp"u8]),
        (0, [.. "%PDF-"u8]), (0, [0xd0, 0xcf, 0x11, 0xe0]), (0, [.. "PK"u8, 3, 4]), (0, [0x1f, 0x8b]),
        (0, [.. "BZh"u8]), (0, [0xfd, .. "7zXZ"u8]), (0, [.. "7z"u8, 0xbc, 0xaf]), (0, [.. "Rar!"u8]),
        (0, [0x28, 0xb5, 0x2f, 0xfd]), (0, [.. "ID3"u8]), (0, [0xff, 0xfb]), (0, [.. "OggS"u8]), (0, [.. "fLaC"u8]),
        (0, [0x1a, 0x45, 0xdf, 0xa3]), (0, [0x7f, .. "ELF"u8]), (0, [.. "MZ"u8, 0x90]), (0, [0xca, 0xfe, 0xba, 0xbe]),
        (0, [0, .. "asm"u8]), (0, [.. "wOFF"u8]), (0, [.. "wOF2"u8]), (0, [.. "OTTO"u8]), (0, [0, 1, 0, 0]),
        (0, [.. "SQLite format"u8]), (257, [.. "ustar"u8]),
    ];

    /// <summary>
    /// True for content of a known binary format, or with more control characters than text has. A single zero byte
    /// makes no text binary.
    /// </summary>
    public static bool IsBinary(ReadOnlySpan<byte> content)
    {
        foreach (var (at, bytes) in Signatures)
        {
            if (content.Length >= at + bytes.Length && content[at..].StartsWith(bytes)) return true;
        }

        var head = content[..Math.Min(content.Length, HeadBytes)];
        var controls = 0;
        foreach (var b in head) controls += b is (< 0x20 and not (>= 8 and <= 13 or 0x1b)) or 0x7f ? 1 : 0;
        return controls * BytesPerControl > head.Length;
    }

    /// <summary>
    /// Where text begins that would run: a PHP or template block, a script, a server-side include, and at the very
    /// beginning a line that names an interpreter. -1 without any.
    /// </summary>
    public static int FindActive(ReadOnlySpan<byte> content, bool isBeginning)
    {
        if (isBeginning && content.StartsWith("#!"u8)) return 0;
        for (var at = content.IndexOf((byte)'<'); at >= 0;)
        {
            if (IsActive(content[at..])) return at;
            var next = content[(at + 1)..].IndexOf((byte)'<');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return -1;
    }

    private static bool IsActive(ReadOnlySpan<byte> text)
    {
        if (text.Length < 4) return false;
        return (char)text[1] switch
        {
            '?' => (StartsWith(text[2..], "php"u8) || text[2] is (byte)'=' || IsSpace(text[2])) && IsText(text[2..]),
            '%' => ("=@!-"u8.Contains(text[2]) || IsSpace(text[2])) && IsText(text[2..]),
            '!' => text.StartsWith("<!--#"u8),
            's' or 'S' => StartsWith(text[1..], "script"u8) && (text.Length < 8 || !char.IsAsciiLetter((char)text[7])),
            'j' or 'J' => StartsWith(text[1..], "jsp:"u8),
            _ => false,
        };
    }

    /// <summary>Two bytes come about by chance in compressed data; text behind them does not.</summary>
    private static bool IsText(ReadOnlySpan<byte> text)
    {
        foreach (var b in text[..Math.Min(text.Length, SuspectBytesMax)])
        {
            if (b is < 0x20 and not (>= 9 and <= 13) or > 0x7e) return false;
        }

        return true;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or >= 9 and <= 13;

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        text.Length >= lower.Length && Ascii.EqualsIgnoreCase(text[..lower.Length], lower);
}
