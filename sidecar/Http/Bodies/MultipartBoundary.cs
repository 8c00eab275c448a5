namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads the boundary out of a Content-Type value (RFC 2046 section 5.1.1). Anything that clients write is taken;
/// what makes two programs find two boundaries is refused.
/// </summary>
internal static class MultipartBoundary
{
    private const int ContentTypeBytesMax = 1024;
    private const int BoundaryBytesMax = 200;

    /// <summary>Null when <paramref name="boundary"/> was found, else why it was not.</summary>
    public static string? TryRead(CanonicalRequest request, Slice header, out Slice boundary)
    {
        boundary = default;
        var value = request[header];
        if (value.Length > ContentTypeBytesMax) return "Multipart: the content type is too long.";
        var semicolon = value.IndexOf((byte)';');
        var media = (semicolon < 0 ? value : value[..semicolon]).Trim(" \t"u8);
        var slash = media.IndexOf((byte)'/');
        if (slash < 0 || !HeaderParameters.IsToken(media[..slash]) || !HeaderParameters.IsToken(media[(slash + 1)..]))
        {
            request.Note(MultipartFlags.MissingSemicolon);
            return "Multipart: the content type is malformed.";
        }

        var found = false;
        var at = 0;
        var parameters = new HeaderParameters(request, header);
        while (parameters.MoveNext())
        {
            var name = request[parameters.Name];
            if (name.Length > 8 && HeadReader.EqualsIgnoreCase(name[..9], "boundary*"u8))
                return "Multipart: the boundary is given in pieces.";
            if (!HeadReader.EqualsIgnoreCase(name, "boundary"u8)) continue;
            if (found)
            {
                request.Note(Anomalies.DuplicateContentType);
                if (!request[parameters.Value].SequenceEqual(request[boundary]))
                    return "Multipart: the content type names more than one boundary.";
                continue;
            }

            (found, boundary, at) = (true, parameters.Value, parameters.Name.Offset - header.Offset);
            if (parameters.IsQuoted) request.Note(MultipartFlags.BoundaryQuoted);
            if (Check(request[boundary], parameters.IsQuoted) is { } error) return error;
        }

        if (parameters.Error is not null)
        {
            request.Note(MultipartFlags.BoundaryWhitespace);
            return "Multipart: the content type's parameters are malformed.";
        }

        if (!found) return "Multipart: the content type names no boundary.";
        // PHP takes what follows the first "boundary", wherever it is.
        return IndexOfWord(value) == at ? null : "Multipart: the content type holds the word boundary twice.";
    }

    private static string? Check(ReadOnlySpan<byte> boundary, bool isQuoted)
    {
        if (boundary.IsEmpty) return "Multipart: the boundary is empty.";
        if (boundary.Length > BoundaryBytesMax) return "Multipart: the boundary is too long.";
        if (boundary.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0 || boundary.IndexOfAny("\"\\;"u8) >= 0
            || boundary[^1] == ' ' || boundary[0] == ' ')
            return "Multipart: the boundary holds a forbidden byte.";
        // PHP ends an unquoted boundary at a comma, or does not end it at white space.
        return !isQuoted && boundary.IndexOfAny((byte)',', (byte)' ') >= 0
            ? "Multipart: the boundary holds a comma or white space without quotes." : null;
    }

    private static int IndexOfWord(ReadOnlySpan<byte> value)
    {
        for (var i = 0; i + 8 <= value.Length; i++)
        {
            if (HeadReader.EqualsIgnoreCase(value.Slice(i, 8), "boundary"u8)) return i;
        }

        return -1;
    }
}
