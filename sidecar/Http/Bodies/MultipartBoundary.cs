using System.Buffers;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads the boundary out of a Content-Type value as strictly as ModSecurity does, with the same facts noted.
/// Source: RFC 2046 section 5.1.1; ModSecurity reference manual, MULTIPART_BOUNDARY_*.
/// </summary>
internal static class MultipartBoundary
{
    private const int ContentTypeBytesMax = 1024;
    private const int MediaTypeLength = 19;

    private static readonly SearchValues<byte> Allowed =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz '()+_,-./:=?"u8);

    /// <summary>Null when <paramref name="boundary"/> was found, else why it was not.</summary>
    public static string? TryRead(CanonicalRequest request, out Slice boundary)
    {
        boundary = default;
        var header = request.ContentType;
        var value = request[header];
        if (value.Length > ContentTypeBytesMax) return "Multipart: the content type is too long.";
        if (value.Length < MediaTypeLength || !HeadReader.EqualsIgnoreCase(value[..MediaTypeLength],
            "multipart/form-data"u8))
            return "Multipart: the content type is not multipart/form-data.";
        if (CountParameters(value) > 1)
        {
            request.Note(Anomalies.DuplicateContentType);
            return "Multipart: the content type names more than one boundary.";
        }

        var start = value.IndexOf("boundary"u8);
        if (start < 0) return "Multipart: the content type names no boundary.";
        if (!CheckBefore(request, value[MediaTypeLength..start])) return "Multipart: the content type is malformed.";
        var equals = value[start..].IndexOf((byte)'=');
        if (equals < 0) return "Multipart: the boundary has no value.";
        foreach (var between in value.Slice(start + 8, equals - 8))
        {
            if (!IsSpace(between)) return "Multipart: the boundary parameter's name is malformed.";
            request.Note(MultipartFlags.BoundaryWhitespace);
        }

        return ReadValue(request, header.From(start + equals + 1), out boundary);
    }

    private static string? ReadValue(CanonicalRequest request, Slice raw, out Slice boundary)
    {
        var value = request[raw];
        boundary = raw;
        if (!value.IsEmpty && IsSpace(value[0])) request.Note(MultipartFlags.BoundaryWhitespace);
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
        {
            request.Note(MultipartFlags.BoundaryQuoted);
            boundary = raw.Sub(1, raw.Length - 2);
        }
        else if (!value.IsEmpty && (value[0] == '"' || value[^1] == '"'))
        {
            return "Multipart: the boundary is quoted on one side.";
        }

        var bytes = request[boundary];
        if (bytes.IsEmpty) return "Multipart: the boundary is empty.";
        if (CountParameters(bytes) != 0) return "Multipart: the boundary holds the word boundary.";
        if (bytes.ContainsAnyExcept(Allowed) || bytes[^1] == ' ')
            return "Multipart: the boundary holds a forbidden byte.";
        return null;
    }

    private static bool CheckBefore(CanonicalRequest request, ReadOnlySpan<byte> between)
    {
        var semicolons = 0;
        foreach (var value in between)
        {
            if (IsSpace(value)) continue;
            if (value != ';' || ++semicolons > 1) return false;
        }

        if (semicolons == 0) request.Note(MultipartFlags.MissingSemicolon);
        return true;
    }

    /// <summary>How often the word boundary with an equals sign somewhere behind it appears, in any case.</summary>
    private static int CountParameters(ReadOnlySpan<byte> value)
    {
        var count = 0;
        for (var i = 0; i + 8 <= value.Length; i++)
        {
            if (HeadReader.EqualsIgnoreCase(value.Slice(i, 8), "boundary"u8) && value[(i + 8)..].Contains((byte)'='))
                count++;
        }

        return count;
    }

    private static bool IsSpace(byte value) => value == ' ' || (uint)(value - 9) <= 4;
}
