namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads multipart bodies of any kind (RFC 2046, RFC 7578): fields become arguments, parts with a file name become
/// files, both as slices of the body. What ordinary clients write is taken and noted in
/// <see cref="CanonicalRequest.Multipart"/>; what two servers read differently is an error. One pass; boundaries are
/// searched, data is not looked at byte by byte.
/// </summary>
internal ref struct MultipartReader
{
    /// <summary>Multipart bodies inside parts of others.</summary>
    public const int DepthMax = 4;

    /// <summary>So many bytes of the boundary are compared inside lines, where it is only a hint.</summary>
    private const int HintBytesMax = 70;

    private readonly CanonicalRequest _request;
    private readonly ReadOnlySpan<byte> _body;
    private readonly ReadOnlySpan<byte> _boundary;
    private readonly int _offset;
    private readonly int _depth;
    private readonly bool _isForm;
    private PartHead _part;
    private int _position;
    private int _parts;
    private MultipartFlags _lineEnds;

    private MultipartReader(CanonicalRequest request, Slice body, Slice boundary, bool isForm, int depth)
    {
        _request = request;
        _body = request[body];
        _boundary = request[boundary];
        _offset = body.Offset;
        _isForm = isForm;
        _depth = depth;
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
        var error = MultipartBoundary.TryRead(request, request.ContentType, out var boundary);
        var position = 0;
        var isForm = request[request.MediaType].SequenceEqual("multipart/form-data"u8);
        if (error is null) error = ReadParts(request, request.Body, boundary, isForm, depth: 0, out position);
        if ((request.Multipart & ~(MultipartFlags.CrLfLine | MultipartFlags.BoundaryQuoted)) != MultipartFlags.None)
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

    /// <summary>The declared boundary is somewhere in the bytes; without it nobody finds a part in them.</summary>
    public static bool HoldsBoundary(CanonicalRequest request, Slice body)
    {
        var facts = request.Facts;
        var error = MultipartBoundary.TryRead(request, request.ContentType, out var boundary);
        request.Facts = facts;
        return error is not null || request[body].IndexOf(request[boundary]) >= 0;
    }

    /// <summary>Reads a body whose boundary is known; null, or what is wrong and where.</summary>
    public static string? ReadParts(
        CanonicalRequest request, Slice body, Slice boundary, bool isForm, int depth, out int position)
    {
        position = 0;
        if (depth > DepthMax) return "Multipart: nested too deep.";
        var reader = new MultipartReader(request, body, boundary, isForm, depth);
        var error = reader.ReadParts();
        position = Math.Min(reader._position, body.Length);
        return error;
    }

    private string? ReadParts()
    {
        var line = FindBoundary(out var dataEnd, isPreamble: true);
        if (line is not Line.Data) NoteAround(0, dataEnd, MultipartFlags.DataBefore);
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
                    return ReadEpilogue();
            }

            if (++_parts > _request.Limits.MultipartPartsMax)
                return _request.Exceed(ExceededLimits.MultipartParts, "Multipart: too many parts.");
            if (ReadHead() is { } error) return error;
            var dataStart = _position;
            line = FindBoundary(out dataEnd, isPreamble: false);
            var content = new Slice(_offset + dataStart, Math.Max(dataStart, dataEnd) - dataStart);
            if (PartContent.Add(_request, _part, content, _isForm, _depth) is { } partError) return partError;
        }
    }

    /// <summary>
    /// What lies behind the last boundary is no part (RFC 2046 section 5.1.1). PHP does not know a last boundary and
    /// would go on at the next one.
    /// </summary>
    private string? ReadEpilogue()
    {
        var start = _position;
        for (var at = _position; ;)
        {
            var next = _body[at..].IndexOf("--"u8);
            if (next < 0) break;
            at += next + 2;
            if (_body[at..].StartsWith(_boundary)) return "Multipart: a boundary behind the last one.";
            at--;
        }

        NoteAround(start, _body.Length, MultipartFlags.DataAfter);
        return _lineEnds == (MultipartFlags.LfLine | MultipartFlags.CrLfLine) ? "Multipart: lines end in two ways."
            : null;
    }

    /// <summary>Text around the parts is noted, and shown where it is more than line ends.</summary>
    private readonly void NoteAround(int start, int end, MultipartFlags flag)
    {
        if (_body[start..Math.Max(start, end)].Trim("\r\n \t"u8).IsEmpty) return;
        _request.Note(flag);
        Unparsed.Add(_request, "multipart.around"u8, new Slice(_offset + start, end - start));
    }

    /// <summary>
    /// Goes to the next line that is our boundary and behind it; <paramref name="dataEnd"/> is where the data before it
    /// ends, without the line end that belongs to the boundary.
    /// </summary>
    private Line FindBoundary(out int dataEnd, bool isPreamble)
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
            if (rest.StartsWith(_boundary) && isLineStart)
            {
                dataEnd = WithoutLineEnd(at);
                if ((_request.Multipart & MultipartFlags.UnmatchedBoundary) != 0)
                    _request.Note(MultipartFlags.UnmatchedBoundaryInside);
                return EndBoundary(at);
            }

            // Werkzeug takes a lone CR for a line end; ASP.NET Core takes a first boundary anywhere in a line.
            if (rest.StartsWith(_boundary) && (isPreamble || _body[at - 1] == '\r')
                || isLineStart && IsBrokenBoundary(rest))
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

        if (start > 0) NoteLineEnd(start > 1 && _body[start - 2] == '\r');
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
        var hasHeader = false;
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
            _position += end + 1;
            if (bytes.IsEmpty) break;
            if (bytes[0] is (byte)' ' or (byte)'\t')
            {
                if (!hasHeader) return "Multipart: a folded line without a header.";
                if (Fold(line) is { } foldError) return foldError;
                continue;
            }

            hasHeader = true;
            if (_part.AddLine(_request, line) is { } error) return error;
        }

        return _part.Complete(_request, firstHeader);
    }

    private string? Fold(Slice line)
    {
        _request.Note(MultipartFlags.HeaderFolding);
        var bytes = _request[line];
        var start = bytes.IndexOfAnyExcept((byte)' ', (byte)'\t');
        return _part.Fold(_request, start < 0 ? new Slice(line.End, 0) : line.From(start));
    }

    private void NoteLineEnd(bool isCrLf)
    {
        var flag = isCrLf ? MultipartFlags.CrLfLine : MultipartFlags.LfLine;
        _lineEnds |= flag;
        _request.Note(flag);
    }
}
