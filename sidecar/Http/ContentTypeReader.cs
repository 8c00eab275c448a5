using System.Text;
using WafOperator.Http.Bodies;

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
        var charset = FindCharset(request, value);
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

    /// <summary>
    /// The charset that makes a difference: programs disagree on whether the first or the last counts, and some end a
    /// parameter at a comma. Two that both make one are noted, and what they hold is said not to have been read.
    /// </summary>
    internal static Slice FindCharset(CanonicalRequest request, Slice value)
    {
        var charset = WithoutList(request, FindParameter(request, value, "charset"u8));
        var at = charset.IsEmpty ? value : value.From(charset.End - value.Offset);
        while (request[at].IndexOfAny((byte)';', (byte)',') is >= 0 and var next)
        {
            at = at.From(next + 1);
            var parameter = request[at].TrimStart(" \t"u8);
            if (parameter.Length < 9 || !HeadReader.EqualsIgnoreCase(parameter[..7], "charset"u8)) continue;
            var start = at.Length - parameter.Length;
            var equals = parameter[7..].TrimStart(" \t"u8);
            if (equals is not [(byte)'=', ..]) continue;
            start += parameter.Length - equals.Length + 1;
            var other = WithoutList(request, at.From(start));
            if (other.IsEmpty || Ascii.EqualsIgnoreCase(request[other], request[charset])) continue;
            if (charset.IsEmpty || Charsets.IsKnownSuperset(request[charset])) charset = other;
            else if (!Charsets.IsKnownSuperset(request[other])) request.Note(UnreadContent.Coding, value.Length);
        }

        return charset;
    }

    /// <summary>A name up to a comma or semicolon, without blanks and quotes around it.</summary>
    private static Slice WithoutList(CanonicalRequest request, Slice name)
    {
        var end = request[name].IndexOfAny((byte)',', (byte)';');
        if (end >= 0) name = name.Sub(0, end);
        var bytes = request[name];
        var start = bytes.IndexOfAnyExcept(" \t\"'"u8);
        return start < 0 ? Slice.Empty : name.Sub(start, bytes.LastIndexOfAnyExcept(" \t\"'"u8) + 1 - start);
    }

    /// <summary>The format of a media type, in any case.</summary>
    internal static BodyFormat FormatOf(ReadOnlySpan<byte> media)
    {
        if (media.IsEmpty) return BodyFormat.None;
        if (StartsWith(media, "application/x-www-form-urlencoded"u8)) return BodyFormat.UrlEncoded;
        if (StartsWith(media, "multipart/"u8)) return BodyFormat.Multipart;
        if (HeadReader.EqualsIgnoreCase(media, "application/graphql"u8)) return BodyFormat.GraphQl;
        // What a message in it is written in, the suffix says of each; the body is none of that.
        if (IsFramed(media)) return BodyFormat.Plain;
        if (IsJson(media)) return BodyFormat.Json;
        if (StartsWith(media, "application/xml"u8) || StartsWith(media, "text/xml"u8) || EndsWith(media, "+xml"u8))
            return BodyFormat.Xml;
        return BodyFormat.Plain;
    }

    /// <summary>Messages with a prefix each: gRPC, gRPC-Web, streams of Connect.</summary>
    internal static bool IsFramed(ReadOnlySpan<byte> media)
    {
        if (StartsWith(media, "application/connect+"u8)) return true;
        var length = "application/grpc"u8.Length;
        return StartsWith(media, "application/grpc"u8)
            && (media.Length == length || media[length] is (byte)'+' or (byte)'-');
    }

    /// <summary>JSON under all its names; lines and sequences of it are read as several documents.</summary>
    private static bool IsJson(ReadOnlySpan<byte> media)
    {
        if (StartsWith(media, "application/json"u8) || StartsWith(media, "text/json"u8)) return true;
        if (EndsWith(media, "+json"u8) || EndsWith(media, "+json-seq"u8)) return true;
        if (EndsWith(media, "+ndjson"u8) || EndsWith(media, "+x-ndjson"u8) || EndsWith(media, "+jsonl"u8)) return true;
        if (!StartsWith(media, "application/"u8)) return false;
        var name = media["application/"u8.Length..];
        return StartsWith(name, "x-amz-json-"u8) || HeadReader.EqualsIgnoreCase(name, "csp-report"u8)
            || HeadReader.EqualsIgnoreCase(name, "x-ndjson"u8)
            || HeadReader.EqualsIgnoreCase(name, "ndjson"u8) || HeadReader.EqualsIgnoreCase(name, "jsonl"u8)
            || HeadReader.EqualsIgnoreCase(name, "jsonlines"u8) || HeadReader.EqualsIgnoreCase(name, "x-jsonlines"u8)
            || HeadReader.EqualsIgnoreCase(name, "x-jsonl"u8) || HeadReader.EqualsIgnoreCase(name, "x-json"u8)
            || HeadReader.EqualsIgnoreCase(name, "x-json-stream"u8);
    }

    private static bool StartsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower) =>
        value.Length >= lower.Length && HeadReader.EqualsIgnoreCase(value[..lower.Length], lower);

    private static bool EndsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower) =>
        value.Length >= lower.Length && HeadReader.EqualsIgnoreCase(value[^lower.Length..], lower);
}
