namespace WafOperator.Http;

/// <summary>Reads media type and charset of a Content-Type value and chooses the body format.</summary>
internal static class ContentTypeReader
{
    public static void Read(CanonicalRequest request, Slice value)
    {
        var bytes = request[value];
        var end = bytes.IndexOfAny((byte)';', (byte)',');
        var media = (end < 0 ? bytes : bytes[..end]).Trim(" \t"u8);
        if (!request.Arena.TryReserve(media.Length)) { request.NoMemory(); return; }
        NameHash.OfLowered(media, request.Arena.Tail);
        var mediaType = request.Arena.Commit(media.Length);
        var charset = FindParameter(request, value, "charset"u8);
        request.SetContentType(value, mediaType, charset, FormatOf(request[mediaType]));
    }

    /// <summary>Finds the first parameter of that name, quotes removed; notes a second one.</summary>
    internal static Slice FindParameter(CanonicalRequest request, Slice value, ReadOnlySpan<byte> lowerName)
    {
        var found = Slice.Empty;
        var rest = value;
        while (true)
        {
            var semicolon = request[rest].IndexOf((byte)';');
            if (semicolon < 0) return found;
            rest = rest.From(semicolon + 1);
            var bytes = request[rest];
            var end = bytes.IndexOf((byte)';');
            var parameter = end < 0 ? bytes : bytes[..end];
            var equals = parameter.IndexOf((byte)'=');
            if (equals < 0 || !HeadReader.EqualsIgnoreCase(parameter[..equals].Trim(" \t"u8), lowerName)) continue;
            if (!found.IsEmpty) { request.Note(Anomalies.DuplicateContentType); continue; }
            var start = equals + 1;
            var stop = parameter.Length;
            while (start < stop && parameter[start] is (byte)' ' or (byte)'"' or (byte)'\'') start++;
            while (stop > start && parameter[stop - 1] is (byte)' ' or (byte)'"' or (byte)'\'') stop--;
            found = rest.Sub(start, stop - start);
        }
    }

    private static BodyFormat FormatOf(ReadOnlySpan<byte> media)
    {
        if (media.IsEmpty) return BodyFormat.None;
        if (media.StartsWith("application/x-www-form-urlencoded"u8)) return BodyFormat.UrlEncoded;
        if (media.StartsWith("multipart/form-data"u8)) return BodyFormat.Multipart;
        if (media.SequenceEqual("application/graphql"u8) || media.SequenceEqual("application/graphql+json"u8))
            return media.EndsWith("+json"u8) ? BodyFormat.Json : BodyFormat.GraphQl;
        if (media.StartsWith("application/json"u8) || media.StartsWith("text/json"u8) || media.EndsWith("+json"u8)
            || media.SequenceEqual("application/csp-report"u8) || media.SequenceEqual("application/x-ndjson"u8))
            return BodyFormat.Json;
        if (media.StartsWith("application/xml"u8) || media.StartsWith("text/xml"u8) || media.EndsWith("+xml"u8))
            return BodyFormat.Xml;
        return BodyFormat.Plain;
    }
}
