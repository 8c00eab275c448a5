namespace WafOperator.Http.Bodies;

/// <summary>The headers of one multipart part while they are read.</summary>
internal struct PartHead
{
    private Slice _disposition;
    private bool _hasDisposition;
    private Slice _current;
    private int _currentIndex;

    public Slice Name { get; private set; }

    public Slice FileName { get; private set; }

    public bool IsFile { get; private set; }

    public Slice ContentType { get; private set; }

    public Slice Charset { get; private set; }

    /// <summary>Takes one unfolded line; returns what is wrong with it, or null.</summary>
    public string? AddLine(CanonicalRequest request, Slice line)
    {
        var colon = request[line].IndexOf((byte)':');
        if (colon < 0) return "Multipart: a part header has no colon.";
        if (colon == 0) return "Multipart: a part header has no name.";
        _current = line;
        _currentIndex = request.PartHeaders.Length;
        request.AddPartHeader(default, line);
        return Assign(request, isFolded: false);
    }

    /// <summary>Joins a folded line to the header before it, with one space.</summary>
    public void Fold(CanonicalRequest request, Slice rest)
    {
        var arena = request.Arena;
        if (!arena.TryReserve(_current.Length + rest.Length + 1)) { request.NoMemory(); return; }
        arena.TryAppendCopy(_current, out var start);
        arena.TryAppend((byte)' ');
        arena.TryAppendCopy(rest, out var end);
        _current = new Slice(start.Offset, end.End - start.Offset);
        request.SetPartHeader(_currentIndex, _current);
        Assign(request, isFolded: true);
    }

    /// <summary>Reads the disposition once all lines are in; returns what is wrong, or null.</summary>
    public string? Complete(CanonicalRequest request, int firstHeader)
    {
        if (!_hasDisposition) return Invalid(request, "Multipart: a part has no Content-Disposition.");
        var disposition = new ContentDisposition(request, _disposition);
        var error = disposition.Read();
        if (!disposition.Name.IsEmpty) request.SetMultipartName(disposition.Name);
        if (disposition.HasFileName) request.SetMultipartFileName(disposition.FileName);
        if (error is not null) return Invalid(request, error);
        if (disposition.Name.IsEmpty) return Invalid(request, "Multipart: a part has no name.");
        (Name, FileName, IsFile) = (disposition.Name, disposition.FileName, disposition.HasFileName);
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
            if (!ContentType.IsEmpty && !isFolded) return Invalid(request, "Multipart: a part header comes twice.");
            ContentType = value;
            Charset = ContentTypeReader.FindParameter(request, value, "charset"u8);
        }

        return null;
    }
}
