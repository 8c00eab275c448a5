using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>Whether a text has a format. Pure.</summary>
internal static class TextFormats
{
    private const int LengthMax = 2048;

    private static readonly SearchValues<char> NoEmail = SearchValues.Create(" \t\r\n<>()[],;:\\\"");
    private static readonly SearchValues<char> NoUri = SearchValues.Create(" <>\"{}|\\^`\t\r\n\0");

    public static bool Has(ReadOnlySpan<byte> utf8, ValueFormat format)
    {
        if (format is ValueFormat.Base64) return Base64.IsValid(utf8);
        if (format <= ValueFormat.Int64) return true;
        if (utf8.Length > LengthMax) return false;
        if (!Ascii.IsValid(utf8)) return format is ValueFormat.Uri;
        Span<char> text = stackalloc char[utf8.Length];
        Encoding.ASCII.GetChars(utf8, text);
        return format switch
        {
            ValueFormat.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture,
                DateTimeStyles.None, out _),
            ValueFormat.DateTime => IsDateTime(text),
            ValueFormat.Uuid => Guid.TryParseExact(text, "D", out _),
            ValueFormat.Email => IsEmail(text),
            ValueFormat.IPv4 => text.Count('.') == 3 && IPAddress.TryParse(text, out _) && !text.ContainsAny("xX:"),
            ValueFormat.IPv6 => text.Contains(':') && !text.Contains('%') && IPAddress.TryParse(text, out _),
            ValueFormat.Uri => IsUri(text),
            ValueFormat.HostName => text.Length <= 253 && Uri.CheckHostName(text.ToString()) is UriHostNameType.Dns,
            _ => true,
        };
    }

    /// <summary>RFC 3339: a date, T, a time with optional fraction, and Z or an offset.</summary>
    private static bool IsDateTime(ReadOnlySpan<char> text)
    {
        if (text.Length < 20 || text[10] is not ('T' or 't')) return false;
        if (!DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            return false;
        if (!IsTime(text[11..19])) return false;
        var rest = text[19..];
        if (rest[0] == '.')
        {
            var digits = 1;
            while (digits < rest.Length && char.IsAsciiDigit(rest[digits])) digits++;
            if (digits == 1) return false;
            rest = rest[digits..];
        }

        return rest is ['Z' or 'z'] || rest.Length == 6 && rest[0] is ('+' or '-')
            && rest[3] == ':' && Two(rest[1..]) <= 23 && Two(rest[4..]) <= 59;
    }

    private static bool IsTime(ReadOnlySpan<char> text) =>
        text[2] == ':' && text[5] == ':' && Two(text) <= 23 && Two(text[3..]) <= 59 && Two(text[6..]) <= 60;

    private static int Two(ReadOnlySpan<char> text) =>
        char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[1]) ? ((text[0] - '0') * 10) + text[1] - '0' : 100;

    private static bool IsEmail(ReadOnlySpan<char> text)
    {
        var at = text.LastIndexOf('@');
        return at is > 0 and <= 64 && at < text.Length - 1 && !text.ContainsAny(NoEmail)
            && text[..at].IndexOf('@') < 0 && text[at + 1] != '.' && text[^1] != '.' && text[0] != '.';
    }

    private static bool IsUri(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        if (colon < 1 || !char.IsAsciiLetter(text[0]) || text.ContainsAny(NoUri)) return false;
        foreach (var c in text[..colon])
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '-' or '.')) return false;
        }

        return true;
    }
}
