using System.Buffers;

namespace WafOperator.Http.Bodies;

/// <summary>The headers of one multipart part while they are read.</summary>
internal struct PartHead
{
    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
         31, 127]);

    private Slice _disposition;
    private bool _hasDisposition;
    private bool _hasContentType;
    private Slice _current;
    private int _currentIndex;

    public Slice Name { get; private set; }

    public Slice FileName { get; private set; }

    /// <summary>There is a file name, though it may be empty.</summary>
    public bool HasFileName { get; private set; }

    /// <summary>
    /// Some servers take the part for a file and some for a field: the file name is empty, or comes as filename* alone.
    /// </summary>
    public bool IsFileOrField { get; private set; }

    public Slice ContentType { get; private set; }

    public Slice Charset { get; private set; }

    public Slice TransferEncoding { get; private set; }

    /// <summary>Takes one unfolded line; returns what is wrong with it, or null.</summary>
    public string? AddLine(CanonicalRequest request, Slice line)
    {
        var bytes = request[line];
        var colon = bytes.IndexOf((byte)':');
        if (colon < 0) return "Multipart: a part header has no colon.";
        if (!HeaderParameters.IsToken(bytes[..colon])) return Invalid(request,
            "Multipart: a part header's name is malformed.");
        if (bytes.ContainsAny(Controls)) return Invalid(request, "Multipart: a control byte in a part's headers.");
        _current = line;
        _currentIndex = request.PartHeaders.Length;
        request.AddPartHeader(default, line);
        return Assign(request, isFolded: false);
    }

    /// <summary>Joins a folded line to the header before it, with one space.</summary>
    public string? Fold(CanonicalRequest request, Slice rest)
    {
        if (request[rest].ContainsAny(Controls)) return Invalid(request,
            "Multipart: a control byte in a part's headers.");
        var arena = request.Arena;
        if (!arena.TryReserve(_current.Length + rest.Length
            + 1)) { request.NoMemory(); return "Multipart: no memory."; }
        arena.TryAppendCopy(_current, out var start);
        arena.TryAppend((byte)' ');
        arena.TryAppendCopy(rest, out var end);
        _current = new Slice(start.Offset, end.End - start.Offset);
        request.SetPartHeader(_currentIndex, _current);
        return Assign(request, isFolded: true);
    }

    /// <summary>Reads the disposition once all lines are in; returns what is wrong, or null.</summary>
    public string? Complete(CanonicalRequest request, int firstHeader)
    {
        if (!_hasDisposition) return null;
        var disposition = new ContentDisposition(request, _disposition);
        var error = disposition.Read();
        if (!disposition.Name.IsEmpty) request.SetMultipartName(disposition.Name);
        if (disposition.HasFileName) request.SetMultipartFileName(disposition.FileName);
        if (error is not null) return Invalid(request, error);
        (Name, FileName, HasFileName) = (disposition.Name, disposition.FileName, disposition.HasFileName);
        IsFileOrField = HasFileName && (FileName.IsEmpty || disposition.IsExtendedOnly);
        request.NamePartHeaders(firstHeader, Name);
        return null;
    }

    private static string Invalid(CanonicalRequest request, string error)
    {
        request.Note(MultipartFlags.InvalidPart);
        return error;
    }

    private string? Assign(CanonicalRequest request, bool isFolded)
    {
        var bytes = request[_current];
        var colon = bytes.IndexOf((byte)':');
        var name = bytes[..colon];
        var value = _current.From(colon + 1);
        var skip = request[value].IndexOfAnyExcept((byte)' ', (byte)'\t');
        value = skip < 0 ? new Slice(value.End, 0) : value.From(skip);
        if (HeadReader.EqualsIgnoreCase(name, "content-disposition"u8))
        {
            if (_hasDisposition && !isFolded) return Invalid(request, "Multipart: a part header comes twice.");
            _disposition = value;
            _hasDisposition = true;
        }
        else if (HeadReader.EqualsIgnoreCase(name, "content-type"u8))
        {
            if (_hasContentType && !isFolded) return Invalid(request, "Multipart: a part header comes twice.");
            _hasContentType = true;
            ContentType = value;
            Charset = ContentTypeReader.FindCharset(request, value);
        }
        else if (HeadReader.EqualsIgnoreCase(name, "content-transfer-encoding"u8))
        {
            if (!TransferEncoding.IsEmpty && !isFolded) return Invalid(request,
                "Multipart: a part header comes twice.");
            TransferEncoding = value;
        }

        return null;
    }
}
