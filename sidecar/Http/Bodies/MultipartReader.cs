using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads multipart/form-data (RFC 7578): fields become arguments, parts with a file name become files, both as slices
/// of the body. Every departure from the format that servers read differently is noted in
/// <see cref="CanonicalRequest.Multipart"/>. One pass; boundaries are searched, data is not looked at byte by byte.
/// </summary>
internal ref struct MultipartReader
{
    /// <summary>So many bytes of the boundary are compared inside lines, where it is only a hint.</summary>
    private const int HintBytesMax = 70;

    private readonly CanonicalRequest _request;
    private readonly ReadOnlySpan<byte> _body;
    private readonly ReadOnlySpan<byte> _boundary;
    private readonly int _offset;
    private PartHead _part;
    private int _position;
    private int _parts;

    private MultipartReader(CanonicalRequest request, Slice boundary)
    {
        _request = request;
        _body = request[request.Body];
        _boundary = request[boundary];
        _offset = request.Body.Offset;
    }

    private enum Line
    {
        Data,
        Boundary,
        FinalBoundary,
        Broken,
    }

    /// <summary>Reads the request's body.</summary>
    public static void Read(CanonicalRequest request)
    {
        var error = MultipartBoundary.TryRead(request, out var boundary);
        var position = 0;
        if (error is null)
        {
            var reader = new MultipartReader(request, boundary);
            error = reader.ReadParts();
            position = Math.Min(reader._position, request.Body.Length);
        }

        if (request.Multipart != MultipartFlags.None && request.Multipart != MultipartFlags.CrLfLine)
            request.Note(Anomalies.MalformedMultipart);
        if (error is null) return;
        if (!request.IsBound(error))
        {
            request.Note(MultipartFlags.Error);
            request.Note(Anomalies.MalformedMultipart);
        }

        request.Fail(BodyError.Multipart, error, position);
        Unparsed.Add(request, "multipart.unparsed"u8, request.Body.From(position));
    }

    private string? ReadParts()
    {
        var line = FindBoundary(out var dataEnd);
        if (dataEnd > 0) _request.Note(MultipartFlags.DataBefore);
        while (true)
        {
            switch (line)
            {
                case Line.Data:
                    return _parts == 0 ? "Multipart: the boundary does not appear."
                        : "Multipart: the final boundary is missing.";
                case Line.Broken:
                    return "Multipart: a boundary line is malformed.";
                case Line.FinalBoundary:
                    if (_position < _body.Length) _request.Note(MultipartFlags.DataAfter);
                    return null;
            }

            if (++_parts > _request.Limits.MultipartPartsMax)
                return _request.Exceed(ExceededLimits.MultipartParts, "Multipart: too many parts.");

            if (ReadHead() is { } error) return error;
            var dataStart = _position;
            line = FindBoundary(out dataEnd);
            AddPart(dataStart, Math.Max(dataStart, dataEnd));
        }
    }

    /// <summary>
    /// Goes to the next line that is our boundary and behind it; <paramref name="dataEnd"/> is where the data before it
    /// ends, without the line end that belongs to the boundary.
    /// </summary>
    private Line FindBoundary(out int dataEnd)
    {
        var from = _position;
        while (true)
        {
            var next = _body[from..].IndexOf("--"u8);
            if (next < 0)
            {
                dataEnd = _position = _body.Length;
                return Line.Data;
            }

            var at = from + next;
            var isLineStart = at == 0 || _body[at - 1] == '\n';
            var rest = _body[(at + 2)..];
            if (isLineStart && rest.StartsWith(_boundary))
            {
                dataEnd = WithoutLineEnd(at);
                if ((_request.Multipart & MultipartFlags.UnmatchedBoundary) != 0)
                    _request.Note(MultipartFlags.UnmatchedBoundaryInside);
                return EndBoundary(at);
            }

            if (isLineStart && IsBrokenBoundary(rest))
            {
                dataEnd = WithoutLineEnd(at);
                _position = at;
                return Line.Broken;
            }

            if ((_request.Multipart & MultipartFlags.UnmatchedBoundary) == 0
                && (isLineStart || rest.StartsWith(_boundary[..Math.Min(_boundary.Length, HintBytesMax)])))
                _request.Note(MultipartFlags.UnmatchedBoundary);
            from = at + 1;
        }
    }

    private Line EndBoundary(int start)
    {
        var end = start + 2 + _boundary.Length;
        var isFinal = _body[end..].StartsWith("--"u8);
        if (isFinal) end += 2;
        var rest = _body[end..];
        if (rest.StartsWith("\r\n"u8)) NoteLineEnd(isCrLf: true);
        else if (rest.StartsWith("\n"u8)) NoteLineEnd(isCrLf: false);
        else if (!isFinal || !rest.IsEmpty)
        {
            _position = start;
            return Line.Broken;
        }

        _position = Math.Min(_body.Length, end + (rest.StartsWith("\r\n"u8) ? 2 : 1));
        return isFinal ? Line.FinalBoundary : Line.Boundary;
    }

    /// <summary>White space or a quote between the dashes and our boundary.</summary>
    private readonly bool IsBrokenBoundary(ReadOnlySpan<byte> rest)
    {
        if ((_request.Multipart & MultipartFlags.BoundaryQuoted) != 0 && rest.StartsWith("\""u8)
            && rest[1..].StartsWith(_boundary)) return true;
        var skipped = 0;
        while (skipped < rest.Length && skipped < HintBytesMax && rest[skipped] is (byte)' ' or (byte)'\t') skipped++;
        return skipped > 0 && rest[skipped..].StartsWith(_boundary);
    }

    private readonly int WithoutLineEnd(int boundaryStart)
    {
        if (boundaryStart == 0) return 0;
        return boundaryStart >= 2 && _body[boundaryStart - 2] == '\r' ? boundaryStart - 2 : boundaryStart - 1;
    }

    private string? ReadHead()
    {
        _part = default;
        var headStart = _position;
        var isFolding = false;
        var firstHeader = _request.PartHeaders.Length;
        while (true)
        {
            var end = _body[_position..].IndexOf((byte)'\n');
            if (end < 0) return "Multipart: a part's headers do not end.";
            if (_position + end - headStart > _request.Limits.MultipartHeaderBytesMax)
            {
                return _request.Exceed(
                    ExceededLimits.MultipartHeaderBytes, "Multipart: a part's headers are too long.");
            }

            var isCrLf = end > 0 && _body[_position + end - 1] == '\r';
            NoteLineEnd(isCrLf);
            var line = new Slice(_offset + _position, isCrLf ? end - 1 : end);
            var bytes = _request[line];
            if (bytes.Contains((byte)0)) return "Multipart: a zero byte in a part's headers.";
            _position += end + 1;
            if (bytes.IsEmpty) break;
            if (bytes[0] == ' ' || (uint)(bytes[0] - 9) <= 4)
            {
                if (!isFolding) return "Multipart: a folded line without a header.";
                Fold(line);
                continue;
            }

            isFolding = true;
            if (_part.AddLine(_request, line) is { } error) return error;
        }

        return _part.Complete(_request, firstHeader);
    }

    private void Fold(Slice line)
    {
        var bytes = _request[line];
        _request.Note(MultipartFlags.HeaderFolding);
        var start = 0;
        for (; start < bytes.Length && (bytes[start] == ' ' || (uint)(bytes[start] - 9) <= 4); start++)
        {
            if (bytes[start] is not ((byte)' ' or (byte)'\t')) _request.Note(MultipartFlags.InvalidHeaderFolding);
        }

        _part.Fold(_request, line.From(start));
    }

    private void AddPart(int start, int end)
    {
        var content = new Slice(_offset + start, end - start);
        if (!_part.IsFile)
        {
            _request.Note(Utf8Facts.Of(_request[_part.Name]) | Utf8Facts.Of(_request[content]));
            _request.AddArgument(_part.Name, content, _part.Name, content, ArgumentSource.Multipart);
            var converted = Charsets.ToUtf8(_request, content, _part.Charset.IsEmpty ? _request.Charset
                : _part.Charset);
            if (converted == content) return;
            _request.AddArgument(_part.Name, converted, _part.Name, content, ArgumentSource.Multipart, isAgain: true);
            return;
        }

        if (_request.Files.Length >= _request.Limits.FilesMax)
        {
            _request.Note(ExceededLimits.Files);
            _request.Note(MultipartFlags.FileLimitExceeded);
            _request.Note(UnreadContent.FileContent, content.Length);
            return;
        }

        var shown = content;
        if (content.Length > _request.Limits.FileBytesMax)
        {
            _request.Note(ExceededLimits.FileBytes);
            shown = content.Sub(0, _request.Limits.FileBytesMax);
        }

        _request.Note(UnreadContent.FileContent, content.Length);

        _request.Note(Utf8Facts.Of(_request[_part.FileName]));
        _request.AddFile(new UploadedFile(_part.Name, _part.FileName, _part.ContentType, shown, content.Length));
    }

    private readonly void NoteLineEnd(bool isCrLf) =>
        _request.Note(isCrLf ? MultipartFlags.CrLfLine : MultipartFlags.LfLine);
}
