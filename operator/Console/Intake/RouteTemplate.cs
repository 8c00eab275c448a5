using System.Text;

namespace WafOperator.Console.Intake;

/// <summary>
/// A path with what differs from request to request replaced, so that an attack on a thousand orders is one attack.
/// Pure; the same for the same path, whatever came before.
/// </summary>
public static class RouteTemplate
{
    private const int SegmentsMax = 8;
    private const int SegmentLengthMax = 32;
    private const int DigestLengthMin = 8;
    private const int UuidLength = 36;

    public static string Of(string path)
    {
        var end = path.IndexOfAny(['?', '#', ';']);
        var segments = (end < 0 ? path : path[..end]).Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length == 0) return "/";
        var text = new StringBuilder();
        foreach (var segment in segments.Take(SegmentsMax)) text.Append('/').Append(Of(segment.AsSpan()));
        if (segments.Length > SegmentsMax) text.Append("/…");
        return text.ToString();
    }

    private static string Of(ReadOnlySpan<char> segment)
    {
        if (IsDigits(segment)) return "{n}";
        if (segment.Length == UuidLength && Guid.TryParseExact(segment, "D", out _)) return "{uuid}";
        if (segment.Length >= DigestLengthMin && IsDigest(segment)) return "{hex}";
        // Text that no programmer writes into a route: what a client sent, an attack often.
        if (segment.Length > SegmentLengthMax || !IsWord(segment)) return "{text}";
        return segment.ToString();
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');

    private static bool IsDigest(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c)) return false;
        }

        // A word such as "facade" has no digit.
        return text.ContainsAnyInRange('0', '9');
    }

    private static bool IsWord(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '~' or '@' or ':')) return false;
        }

        return true;
    }
}
