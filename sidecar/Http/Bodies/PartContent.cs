using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Shows what a part holds: as an argument, as a file, as both where servers disagree, and taken apart where the part
/// says what it is (JSON, XML, a request of a batch, parts of its own).
/// </summary>
internal static class PartContent
{
    /// <summary>A file that is one short line may be read as the value of a field.</summary>
    private const int ValueBytesMax = 1024;

    /// <summary>Adds the part; null, or what is wrong with it.</summary>
    public static string? Add(CanonicalRequest request, in PartHead part, Slice content, bool isForm, int depth)
    {
        var decoded = TransferCoding.Undo(request, part.TransferEncoding, content);
        var media = Media(request[part.ContentType]);
        if (StartsWith(media, "multipart/"u8))
        {
            if (isForm) AddArgument(request, part, content, content);
            return AddParts(request, part, decoded, depth);
        }

        var isBinary = !isForm && FileContent.IsBinary(request[decoded]);
        if (part.HasFileName || isBinary)
        {
            AddFile(request, part, content);
            if (decoded != content) AddFile(request, part, decoded);
        }

        if (part.HasFileName && !part.IsFileOrField)
        {
            AddDocument(request, media, decoded);
            // Frameworks read a document in the charset that its part declares.
            var inCharset = Charsets.ToUtf8(request, decoded, part.Charset);
            if (inCharset != decoded) AddDocument(request, media, inCharset);
            return null;
        }

        if (part.IsFileOrField && content.IsEmpty) return null;
        var isTakenApart = AddStructure(request, media, decoded);
        if (!media.IsEmpty && !isTakenApart && BodyDecoder.IsWide(request[decoded])
            && BodyDecoder.TryConvert(request, decoded, out var text))
        {
            isTakenApart = AddStructure(request, media, text);
            // A declared charset is undone below, with the argument itself.
            if (part.Charset.IsEmpty)
                request.AddArgument(part.Name, text, part.Name, content, ArgumentSource.Multipart, isAgain: true);
        }

        // Outside forms nothing reads a part that is a document as the value of a field.
        if (isForm || !isTakenApart && !isBinary) AddArgument(request, part, content, decoded);
        if (!isTakenApart && !isBinary && IsFileToSome(part, media) && !decoded.IsEmpty
            && !IsPlainValue(request[decoded]))
            request.Note(UnreadContent.FileContent, content.Length);
        return null;
    }

    /// <summary>Servers take for a file what has an empty name, filename* alone, or a type of its own.</summary>
    private static bool IsFileToSome(in PartHead part, ReadOnlySpan<byte> media) =>
        part.IsFileOrField || !media.IsEmpty && !HeadReader.EqualsIgnoreCase(media, "text/plain"u8);

    /// <summary>
    /// A line that is shown as a value, and says nothing but that. Bytes between its letters may be another format,
    /// which keeps texts in pieces (CBOR); escapes are somebody's to undo.
    /// </summary>
    internal static bool IsPlainValue(ReadOnlySpan<byte> content) =>
        IsValue(content) && TextBytes.IsPlain(content) && !TextEscapes.Holds(content);

    private static string? AddParts(CanonicalRequest request, in PartHead part, Slice content, int depth)
    {
        if (MultipartBoundary.TryRead(request, part.ContentType, out var boundary) is { } error) return error;
        return MultipartReader.ReadParts(request, content, boundary, isForm: false, depth + 1, out _);
    }

    private static void AddArgument(CanonicalRequest request, in PartHead part, Slice content, Slice decoded)
    {
        var name = part.Name;
        if (name.IsEmpty && !request.Arena.TryAppend("multipart.part"u8, out name)) { request.NoMemory(); return; }
        request.Note(Utf8Facts.Of(request[name]) | Utf8Facts.Of(request[content]));
        // Servers that heed the field (HTML, "multipart/form-data encoding algorithm") read all others in it.
        if (request[name].SequenceEqual("_charset_"u8) && !content.IsEmpty && !Charsets.IsSuperset(request[content]))
            request.Note(UnreadContent.Coding, request.Body.Length);
        request.AddArgument(name, content, name, content, ArgumentSource.Multipart);
        if (decoded != content)
            request.AddArgument(name, decoded, name, content, ArgumentSource.Multipart, isAgain: true);
        var converted = Charsets.ToUtf8(request, decoded, part.Charset.IsEmpty ? request.Charset : part.Charset);
        if (converted != decoded)
            request.AddArgument(name, converted, name, content, ArgumentSource.Multipart, isAgain: true);
    }

    private static void AddFile(CanonicalRequest request, in PartHead part, Slice content)
    {
        if (request.Files.Length >= request.Limits.FilesMax)
        {
            request.Note(ExceededLimits.Files);
            request.Note(MultipartFlags.FileLimitExceeded);
            request.Note(UnreadContent.FileContent, content.Length);
            return;
        }

        var shown = content;
        if (content.Length > request.Limits.FileBytesMax)
        {
            request.Note(ExceededLimits.FileBytes);
            shown = content.Sub(0, request.Limits.FileBytesMax);
        }

        request.Note(Utf8Facts.Of(request[part.FileName]));
        request.AddFile(new UploadedFile(part.Name, part.FileName, part.ContentType, shown, content.Length));
        if (part.IsFileOrField) return;
        var isValue = IsValue(request[content]);
        if (!IsPlainValue(request[content])) request.Note(UnreadContent.FileContent, content.Length);
        if (isValue)
            request.AddArgument(part.Name, content, part.Name, content, ArgumentSource.Multipart, isAgain: true);
    }

    /// <summary>One short line that is no document.</summary>
    internal static bool IsValue(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("\uFEFF"u8)) content = content[3..];
        var text = content.Trim(" \t\r\n"u8);
        return !text.IsEmpty && text.Length <= ValueBytesMax && text.IndexOfAny((byte)'\r', (byte)'\n') < 0
            && !"<{[%#"u8.Contains(text[0]) && !FileContent.IsBinary(text);
    }

    private static bool AddStructure(CanonicalRequest request, ReadOnlySpan<byte> media, Slice content)
    {
        if (media.IsEmpty || content.IsEmpty) return false;
        if (StartsWith(media, "application/http"u8)) return BatchRequest.Read(request, content);
        return ContentTypeReader.FormatOf(media) switch
        {
            BodyFormat.Json => BodyGuess.TryJson(request, content),
            BodyFormat.Xml => BodyGuess.TryXml(request, content),
            BodyFormat.UrlEncoded => BodyGuess.TryForm(request, content),
            _ => false,
        };
    }

    /// <summary>
    /// A file with the type of a document: frameworks bind such parts to objects whatever their file is called, and
    /// scripts name theirs <c>blob</c>. Pictures and pages of XML are files; what a file declares is shown, and not
    /// refused.
    /// </summary>
    private static void AddDocument(CanonicalRequest request, ReadOnlySpan<byte> media, Slice content)
    {
        if (content.IsEmpty || !StartsWith(media, "application/"u8) && !StartsWith(media, "text/"u8)) return;
        // Maps and exports have more values than requests may have: what is not taken apart is a file's content.
        var exceeded = request.Exceeded;
        switch (ContentTypeReader.FormatOf(media))
        {
            case BodyFormat.Json:
                BodyGuess.TryJson(request, content);
                break;
            case BodyFormat.Xml when !StartsWith(media, "application/xhtml"u8):
                BodyGuess.TryXml(request, content, refuses: false);
                break;
        }

        if (request.Exceeded == exceeded) return;
        request.Note(UnreadContent.FileContent, content.Length);
        request.Exceeded = exceeded | request.Exceeded & ExceededLimits.Memory;
    }

    private static ReadOnlySpan<byte> Media(ReadOnlySpan<byte> contentType)
    {
        var end = contentType.IndexOf((byte)';');
        return (end < 0 ? contentType : contentType[..end]).Trim(" \t"u8);
    }

    private static bool StartsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower) =>
        value.Length >= lower.Length && HeadReader.EqualsIgnoreCase(value[..lower.Length], lower);
}
