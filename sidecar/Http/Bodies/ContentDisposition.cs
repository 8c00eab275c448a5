namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads a Content-Disposition value (RFC 7578 section 4.2) and refuses what servers read in more than one way: other
/// dispositions, a parameter twice, unknown parameters, broken quoting.
/// </summary>
internal ref struct ContentDisposition(CanonicalRequest request, Slice header)
{
    private readonly ReadOnlySpan<byte> _text = request[header];
    private int _position;

    public Slice Name { get; private set; }

    public Slice FileName { get; private set; }

    public bool HasFileName { get; private set; }

    /// <summary>Null when the value was understood, else what is wrong with it.</summary>
    public string? Read()
    {
        if (!_text.StartsWith("form-data"u8)) return "Multipart: the disposition is not form-data.";
        _position = 9;
        SkipBlanks();
        if (AtEnd) return null;
        if (_text[_position++] != ';') return "Multipart: the disposition is malformed.";
        while (!AtEnd)
        {
            if (ReadParameter() is { } error) return error;
        }

        return null;
    }

    private readonly bool AtEnd => _position >= _text.Length;

    private string? ReadParameter()
    {
        SkipBlanks();
        var start = _position;
        while (!AtEnd && _text[_position] is not ((byte)'=' or (byte)' ' or (byte)'\t')) _position++;
        var name = _text[start.._position];
        SkipBlanks();
        if (AtEnd || _text[_position] != '=') return "Multipart: a disposition parameter has no value.";
        _position++;
        SkipBlanks();
        if (AtEnd) return "Multipart: a disposition parameter has no value.";
        var isQuoted = _text[_position] is (byte)'"' or (byte)'\'';
        Slice value;
        if (!isQuoted) value = ReadToken();
        else if (!TryReadQuoted(out value)) return "Multipart: quoting in the disposition is broken.";
        if (Assign(name, value) is { } error) return error;
        SkipBlanks();
        if (AtEnd) return null;
        if (_text[_position] == ';')
        {
            _position++;
            return null;
        }

        if (_text[_position - 1] is (byte)'"' or (byte)'\'') request.Note(MultipartFlags.InvalidQuoting);
        return "Multipart: text behind a disposition parameter.";
    }

    private string? Assign(ReadOnlySpan<byte> name, Slice value)
    {
        if (request[value].Contains((byte)'\'')) request.Note(MultipartFlags.InvalidQuoting);
        if (name.SequenceEqual("name"u8))
        {
            var isFirst = Name.IsEmpty;
            Name = value;
            return isFirst ? null : Twice();
        }

        if (name.SequenceEqual("filename"u8))
        {
            var isFirst = !HasFileName || FileName.IsEmpty;
            FileName = value;
            HasFileName = true;
            return isFirst ? null : Twice();
        }

        return "Multipart: the disposition has an unknown parameter.";
    }

    private readonly string Twice()
    {
        request.Note(Anomalies.DuplicatePartParameter);
        return "Multipart: a disposition parameter comes twice.";
    }

    private Slice ReadToken()
    {
        var start = _position;
        while (!AtEnd && IsToken(_text[_position])) _position++;
        return header.Sub(start, _position - start);
    }

    /// <summary>A quoted value; only the quote and the backslash can be escaped, other backslashes are text.</summary>
    private bool TryReadQuoted(out Slice value)
    {
        value = default;
        var quote = _text[_position++];
        if (quote == '\'') request.Note(MultipartFlags.InvalidQuoting);
        var start = _position;
        var escapes = 0;
        for (; !AtEnd && _text[_position] != quote; _position++)
        {
            if (_text[_position] != '\\') continue;
            if (_position + 1 >= _text.Length) return false;
            if (_text[_position + 1] != quote && _text[_position + 1] != '\\') continue;
            _position++;
            escapes++;
        }

        value = header.Sub(start, _position - start);
        var isClosed = !AtEnd;
        _position++;
        if (!isClosed) request.Note(MultipartFlags.InvalidQuoting);
        return escapes == 0 || TryUnescape(quote, ref value);
    }

    private readonly bool TryUnescape(byte quote, ref Slice value)
    {
        var raw = request[value];
        if (!request.Arena.TryReserve(raw.Length)) { request.NoMemory(); return false; }
        var output = request.Arena.Tail;
        var written = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\' && i + 1 < raw.Length && (raw[i + 1] == quote || raw[i + 1] == '\\')) i++;
            output[written++] = raw[i];
        }

        value = request.Arena.Commit(written);
        return true;
    }

    private void SkipBlanks()
    {
        while (!AtEnd && _text[_position] is (byte)' ' or (byte)'\t') _position++;
    }

    private static bool IsToken(byte value) =>
        value is > 32 and < 127 && !"()<>@,;:\\\"/[]?="u8.Contains(value);
}
