using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads bytes whose type is not declared, or not known, in the ways a program may read them that does not ask for the
/// type. A guess that fails leaves what it found until then, and is neither an error nor an anomaly.
/// </summary>
internal static class BodyGuess
{
    private const int BoundaryBytesMax = 200;

    /// <summary>All but white space: text in natural language has some, a form that a program made has none.</summary>
    private static readonly SearchValues<byte> FormBytes = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%[]|^{}\"\\<>`#"u8);

    /// <summary>True when one of the readings took the bytes apart to their end.</summary>
    public static bool TryAll(CanonicalRequest request, Slice body) => TryDocument(request, body) || TryForm(request,
        body);

    /// <summary>JSON, XML or multipart, by the first byte. Also tried on what is declared to be a form.</summary>
    public static bool TryDocument(CanonicalRequest request, Slice body)
    {
        var text = request[body];
        if (text.StartsWith("\uFEFF"u8)) text = text[3..];
        text = text.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty) return false;
        return text[0] switch
        {
            (byte)'{' or (byte)'[' or (byte)'"' => TryJson(request, body),
            (byte)'<' => !IsHtml(text) && TryXml(request, body),
            (byte)'-' => TryMultipart(request, body),
            _ => false,
        };
    }

    public static bool TryJson(CanonicalRequest request, Slice body)
    {
        var facts = request.Facts;
        var isRead = JsonBodyReader.TryRead(request, body, out _) is null;
        if (!isRead) request.Facts = facts;
        return isRead;
    }

    public static bool TryXml(CanonicalRequest request, Slice body)
    {
        var facts = request.Facts;
        var error = XmlBodyReader.TryRead(request, body, out _);
        if (error is null) return true;
        if (XmlBodyReader.IsRefusal(error)) request.Fail(BodyError.Xml, error);
        else request.Facts = facts;
        return false;
    }

    public static bool TryForm(CanonicalRequest request, Slice body)
    {
        var bytes = request[body];
        var equals = bytes.IndexOf((byte)'=');
        if (equals <= 0 || bytes.TrimEnd("\r\n"u8).ContainsAnyExcept(FormBytes)) return false;
        UrlEncodedReader.Read(request, body, ArgumentSource.Form);
        return true;
    }

    /// <summary>The first line is a boundary, the second looks like a part's header.</summary>
    private static bool TryMultipart(CanonicalRequest request, Slice body)
    {
        var bytes = request[body];
        var start = bytes.IndexOf("--"u8);
        if (start < 0) return false;
        // Empty lines may stand in front.
        var end = start + bytes[start..].IndexOf((byte)'\n');
        if (end < start + 3 || end - start > BoundaryBytesMax) return false;
        var boundary = bytes[(start + 2)..end].TrimEnd((byte)'\r');
        if (boundary.IsEmpty || boundary.IndexOfAnyExceptInRange((byte)'!', (byte)'~') >= 0) return false;
        if (bytes[(end + 1)..Math.Min(bytes.Length, end + 100)].IndexOf((byte)':') <= 0) return false;
        var facts = request.Facts;
        // From the first boundary on: a byte order mark in front would make its line one of no boundary.
        var error = MultipartReader.ReadParts(
            request, body.Sub(start, body.Length - start), body.Sub(start + 2, boundary.Length), isForm: true,
            depth: 0, out _);
        request.Facts = facts;
        return error is null;
    }

    private static bool IsHtml(ReadOnlySpan<byte> text) => StartsWith(text, "<!doctype html"u8) || StartsWith(text,
        "<html"u8);

    private static bool StartsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower) =>
        value.Length >= lower.Length && HeadReader.EqualsIgnoreCase(value[..lower.Length], lower);
}
